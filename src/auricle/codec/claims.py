"""What an .aur file claims to hold, against what its reader allows: one judgement in all verbs."""

from auricle.codec.format.container import PacketReader
from auricle.codec.format.header import ClaimError, Header
from auricle.errors import FormatError
from auricle.options.coding import ReadLimits

_SAMPLE_BYTES = 2
"""Of a decoded sample where the file does not say that its source had more than 16 bits."""


def check_claims(header: Header, frames: int, size: int, limits: ReadLimits) -> None:
    """Refuse a file that claims too much, before anything is decoded.

    Args:
        header: of the file.
        frames: that are there, per channel, lost ones too.
        size: bytes of the file, or those that came through a pipe so far.
        limits: what it may claim.

    Raises:
        ClaimError: it claims more than the limits allow.
    """
    seconds = frames * header.hop_length / header.native_rate
    decoded_bytes = (
        round(seconds * header.sample_rate) * header.channels * max(_SAMPLE_BYTES, header.source_samples // 8)
    )
    try:
        limits.check(seconds, size, decoded_bytes)
    except FormatError as error:
        raise ClaimError(str(error)) from error


def check_packet_claims(reader: PacketReader, frames: int, size: int, limits: ReadLimits) -> None:
    """The same of a file that is read packet by packet, whose name the message has.

    Raises:
        ClaimError: it claims more than the limits allow.
    """
    try:
        check_claims(reader.header, frames, size, limits)
    except ClaimError as error:
        raise ClaimError(f"{reader.name}: {error}") from error
