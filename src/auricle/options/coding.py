"""Options of compressing and decompressing."""

from dataclasses import dataclass, fields
from typing import Literal, final

from auricle.errors import FormatError, OptionError
from auricle.options.field_types import check_fields

Bits = Literal["16", "24", "float"]
"""Of a sample: whole numbers of 16 or 24 bits, or 32-bit floating point."""


@final
@dataclass(frozen=True)
class CompressOptions:
    """How a sound is read and coded.

    Attributes:
        gain_db: decibels to raise quiet sound by before coding, in steps of a half; decoding lowers it again. A quiet
            recording is then coded like a loud one, and takes as many bits.
        packet_seconds: seconds of sound in a packet: what one damaged place costs.
        untrusted: decode the source in a process of its own, with limits on time and memory.
    """

    gain_db: float = 0.0
    packet_seconds: float = 4.0
    untrusted: bool = False

    def __post_init__(self) -> None:
        check_fields(self)


@final
@dataclass(frozen=True)
class ReadLimits:
    """How much sound a stranger's .aur file may hold. Few bytes can claim years; this is checked before any is decoded.

    Attributes:
        max_hours: hours of sound that a file may hold.
        max_ratio: seconds of sound that each byte of a file may stand for; the first minute is free. Silence needs the
            fewest bytes: in packets of 4 s a byte stands for less than half a second.
        max_gigabytes: gigabytes of 16-bit samples that a file may decode to, all channels together. The default holds
            2.9 hours of 8 channels at 192 kHz, and 12 hours of stereo at any rate up to 176.4 kHz.

    Raises:
        OptionError: a limit is not above 0.
    """

    max_hours: float = 12.0
    max_ratio: float = 1.0
    max_gigabytes: float = 32.0

    def __post_init__(self) -> None:
        check_fields(self)
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise OptionError(f"--{field.name.replace('_', '-')} of {value}: give a number above 0")

    def check(self, seconds: float, size: int, decoded_bytes: int) -> None:
        """Refuse ``seconds`` of sound in ``size`` bytes that decode to ``decoded_bytes``.

        Raises:
            FormatError: it is more than the limits allow.
        """
        if seconds > 3600 * self.max_hours:
            raise FormatError(
                f"it holds {seconds / 3600:.1f} hours of sound, allowed are {self.max_hours:g}: "
                "raise the limit (--max-hours) if you trust the file"
            )
        if seconds > 60 + self.max_ratio * size:
            raise FormatError(
                f"it claims {seconds:.0f} s of sound in {size} bytes, allowed is {self.max_ratio:g} s a byte: "
                "raise the limit (--max-ratio) if you trust the file"
            )
        if decoded_bytes > 1e9 * self.max_gigabytes:
            raise FormatError(
                f"its {size} bytes decode to {decoded_bytes / 1e9:.1f} GB, allowed are {self.max_gigabytes:g}: "
                "raise the limit (--max-gigabytes) if you trust the file"
            )


@final
@dataclass(frozen=True)
class DecompressOptions:
    """How an .aur file is decoded.

    Attributes:
        any_decoder: take a model with another decoder, if its tables can read the file's codes.
        limits: what the file may claim.
        bits: of each sample of a .wav, .flac or a pipe: 16, 24 or float (.wav and pipes only); by default as
            the source had them, where the file says so.
    """

    any_decoder: bool = False
    limits: ReadLimits = ReadLimits()
    bits: Bits | None = None
