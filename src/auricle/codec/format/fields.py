"""The smallest parts of the .aur format: numbers and rates as bytes."""

from io import BytesIO
from typing import BinaryIO, final

from auricle.errors import FormatError

RATES = (
    8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000,
)  # fmt: skip
"""Sample rates in Hz that are stored as one byte, counted from 1."""
_LONGEST_VARINT = 9


def varint(value: int) -> bytes:
    """An integer from 0 in few bytes (LEB128): seven bits a byte, lowest first, the high bit says more follow."""
    assert value >= 0, value
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def read_varint(file: BinaryIO, limit: int) -> tuple[int, bytes]:
    """The integer that comes next in a file, and its bytes: no bytes where the file ends.

    Raises:
        FormatError: it is above ``limit``, longer than it need be, or cut short.
    """
    value, raw = 0, b""
    while byte := file.read(1):
        value |= (byte[0] & 0x7F) << 7 * len(raw)
        raw += byte
        if value > limit:
            raise FormatError(f"a number in it is above {limit}")
        if (byte == b"\0" and len(raw) > 1) or len(raw) > _LONGEST_VARINT:
            raise FormatError("a number in it is malformed")
        if byte[0] < 0x80:
            return value, raw
    if raw:
        raise FormatError("it is cut short")
    return 0, b""


def rate_bytes(rate: int) -> bytes:
    """A sample rate in Hz: its place in :data:`RATES`, or 0 and a variable-length integer."""
    return bytes([RATES.index(rate) + 1]) if rate in RATES else b"\0" + varint(rate)


@final
class Fields:
    """Fields taken one by one from the front of some bytes.

    Every method raises ``FormatError`` where the bytes end too early.
    """

    def __init__(self, data: bytes):
        self._file = BytesIO(data)

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise FormatError("a field in it is cut short")
        return data

    def number(self, size: int, *, signed: bool = False) -> int:
        """A little-endian integer of ``size`` bytes."""
        return int.from_bytes(self.read(size), "little", signed=signed)

    def varint(self, limit: int) -> int:
        """A variable-length integer up to ``limit``."""
        value, raw = read_varint(self._file, limit)
        if not raw:
            raise FormatError("a field in it is cut short")
        return value

    def rate(self, limit: int) -> int:
        """A sample rate in Hz up to ``limit``."""
        code = self.number(1)
        if code > len(RATES):
            raise FormatError(f"sample rate code {code} is unknown")
        return RATES[code - 1] if code else self.varint(limit)

    @property
    def left(self) -> int:
        """Bytes that have not been read."""
        return self._file.getbuffer().nbytes - self._file.tell()

    def remaining(self) -> bytes:
        return self._file.read()
