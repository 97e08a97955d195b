"""How much sound a stranger's .aur file may hold."""

from dataclasses import dataclass
from typing import final

from auricle.errors import FormatError, OptionError


@final
@dataclass(frozen=True)
class SoundLimits:
    """What a decoder accepts. Few bytes can claim years of sound; these limits are checked before it is made.

    Attributes:
        hours: length of the whole sound.
        seconds_per_byte: seconds of sound that each byte of the file may stand for. Silence needs the fewest bytes: in
            packets of 4 s a byte stands for less than half a second. The first minute is free.

    Raises:
        OptionError: a limit is not above 0.
    """

    hours: float = 12.0
    seconds_per_byte: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("--max-hours", self.hours), ("--max-ratio", self.seconds_per_byte)):
            if not value > 0:
                raise OptionError(f"{name} of {value}: give a number above 0")

    def check(self, seconds: float, size: int) -> None:
        """Refuse ``seconds`` of sound in ``size`` bytes.

        Raises:
            FormatError: it is more than the limits allow.
        """
        if seconds > 3600 * self.hours:
            raise FormatError(
                f"it holds {seconds / 3600:.1f} hours of sound, allowed are {self.hours:g}: "
                "raise the limit (--max-hours) if you trust the file"
            )
        if seconds > 60 + self.seconds_per_byte * size:
            raise FormatError(
                f"it claims {seconds:.0f} s of sound in {size} bytes, allowed is {self.seconds_per_byte:g} s a byte: "
                "raise the limit (--max-ratio) if you trust the file"
            )
