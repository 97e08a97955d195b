"""Records: the checked pieces that an .aur file is made of. ``docs/format.md`` is the norm."""

from enum import IntEnum
from typing import BinaryIO, NamedTuple, final

import google_crc32c

from auricle.codec.format.fields import read_varint, varint
from auricle.errors import FormatError

MAX_RECORD_BYTES = 1 << 20
MAX_TOPIC = 1 << 56
CRC_BYTES = 4


@final
class RecordKind(IntEnum):
    """Kinds of records: the lowest two bits of a record's key."""

    PACKET = 0
    LAST = 1
    OPTIONAL = 2
    CRITICAL = 3


@final
class RecordTopic(IntEnum):
    """What an optional or critical record is about: the first number in its body."""

    TAGS = 1
    SEEK_TABLE = 2
    GAP = 3


class Record(NamedTuple):
    """A record's kind and body, without key and checksum."""

    kind: RecordKind
    body: bytes

    def to_bytes(self, salt: bytes = b"") -> bytes:
        """The whole record, in a file with this salt.

        Raises:
            FormatError: its body is too large.
        """
        if len(self.body) > MAX_RECORD_BYTES:
            raise FormatError(f"a packet of {len(self.body)} bytes is too large for a file: use a lower quality")
        return with_crc(varint(len(self.body) << 2 | self.kind) + self.body, salt_of(self.kind, salt))


def salt_of(kind: RecordKind, salt: bytes) -> bytes:
    """What goes into the checksum of a record before it: packets and gaps belong to one file, other records do not."""
    return b"" if kind is RecordKind.OPTIONAL else salt


def crc(data: bytes) -> bytes:
    """CRC-32C (Castagnoli; RFC 3720, appendix B.4) as four bytes, little-endian."""
    return google_crc32c.value(data).to_bytes(CRC_BYTES, "little")


def with_crc(data: bytes, salt: bytes = b"") -> bytes:
    """Data with its checksum behind it, which is that of salt and data."""
    return data + crc(salt + data)


def check_crc(file: BinaryIO, data: bytes) -> None:
    """Read the checksum that comes next in a file and compare it with that of ``data``.

    Raises:
        FormatError: it differs or is cut short.
    """
    checksum = file.read(CRC_BYTES)
    if len(checksum) < CRC_BYTES:
        raise FormatError("the file ends inside it: it is cut short")
    if checksum != crc(data):
        raise FormatError("its checksum is wrong")


def read_record(file: BinaryIO, salt: bytes = b"") -> Record | None:
    """The record that comes next in a file with this salt, or None where the file ends.

    Raises:
        FormatError: it is damaged or cut short.
    """
    key, raw = read_varint(file, MAX_RECORD_BYTES << 2 | 3)
    if not raw:
        return None
    size = key >> 2
    body = file.read(size)
    if len(body) < size:
        raise FormatError("the file ends inside it: it is cut short")
    kind = RecordKind(key & 3)
    check_crc(file, salt_of(kind, salt) + raw + body)
    return Record(kind, body)
