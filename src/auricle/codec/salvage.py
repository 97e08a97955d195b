"""Find what is whole in a damaged .aur file, and mend what a single flipped bit has spoiled.

Records are read one after another. Where one is damaged, the next whole one is searched for byte by byte; its checksum
and its number tell that it is real. Then each bit of what lies between is tried: a checksum of 32 bits that fits again
is as good as proof.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import product
from typing import NamedTuple, final

import google_crc32c

from auricle.codec.format.container import VERSIONS, Packet, magic
from auricle.codec.format.header import ClaimError, Header
from auricle.codec.format.record import CRC_BYTES, MAX_RECORD_BYTES, Record, RecordKind, RecordTopic, crc, salt_of
from auricle.codec.format.seek_table import find_table
from auricle.errors import FormatError

_MAX_MENDED_BYTES = 1 << 14
"""Bytes of a damaged stretch in which single bits are tried."""
_MAX_WORK = 1 << 36
"""Work that the search for records may do at most: about a minute."""
_WORK_PER_BYTE = 1000
_MIN_RECORD_BYTES = 6
"""Bytes of the shortest record that holds a packet."""
_MAX_HEADER_BYTES = 5 + 255 + CRC_BYTES
_POLYNOMIAL = 0x82F63B78
_LAST_BIT = google_crc32c.value(b"\x80") ^ google_crc32c.value(b"\x00")
"""What turning the last bit that a CRC takes in changes in it."""


class RecoveredRecord(NamedTuple):
    """A whole record: where it begins and ends, and whether a bit of it had to be turned."""

    begin: int
    end: int
    record: Record
    mended: bool = False


class RecoveredHeader(NamedTuple):
    """The header of a file.

    Attributes:
        header: it.
        size: bytes that it takes at the front of the file, checksum and all.
        state: "whole", "mended" (one bit was wrong) or "copied" (from the seek table).
    """

    header: Header
    size: int
    state: str


def recover_header(data: memoryview) -> RecoveredHeader:
    """The header of a file, mended where one bit is wrong, else from the seek table.

    Raises:
        FormatError: it is lost.
    """
    if (header := _parse_header(bytes(data[:_MAX_HEADER_BYTES]))) is not None:
        return RecoveredHeader(header, _header_size(data[4]), "whole")
    if min(_bit_errors(bytes(data[:4]), magic(version)) for version in VERSIONS) > 1:
        raise FormatError("it does not begin like an .aur file")
    lengths = dict.fromkeys((data[4] if len(data) > 4 else 0, *range(32, 256)))
    for version, length in product(VERSIONS, lengths):
        head = bytearray(data[: _header_size(length)])
        if len(head) < _header_size(length):
            continue
        head[:5] = magic(version) + bytes([length])
        if (mended := mend(bytes(head))) is not None and (header := _parse_header(mended)) is not None:
            return RecoveredHeader(header, len(head), "mended")
    table = find_table(BytesIO(data[-2 * MAX_RECORD_BYTES :]))
    if table is not None:
        return RecoveredHeader(table.header, 0, "copied")
    raise FormatError("its header is damaged beyond repair, and there is no copy of it in its seek table")


def _bit_errors(data: bytes, expected: bytes) -> int:
    """Bits in which the first bytes differ from what they should be."""
    gap = int.from_bytes(data, "big") ^ int.from_bytes(expected, "big")
    return gap.bit_count() if len(data) == len(expected) else 8 * len(expected)


def _header_size(length: int) -> int:
    return 5 + length + CRC_BYTES


def _parse_header(data: bytes) -> Header | None:
    version = next((version for version in VERSIONS if data[:4] == magic(version)), None)
    if len(data) < 5 or version is None:
        return None
    end = 5 + data[4]
    if crc(data[:end]) != data[end : end + CRC_BYTES]:
        return None
    try:
        return Header.from_bytes(data[5:end], version)
    except FormatError:
        return None


@final
class _RecordSearch:
    """Finds whole records in bytes, one after another.

    Args:
        data: of the file.
        salt: of the file.

    Attributes:
        expected: number of the packet that comes next.
        work_left: work that may still be done, in bytes summed; a byte that is looked at counts as a thousand.
    """

    def __init__(self, data: memoryview, salt: bytes):
        self._data, self._salt = data, salt
        self.expected = 0
        self.work_left = _MAX_WORK

    def at(self, start: int) -> RecoveredRecord | None:
        """The record that begins here, if it is whole."""
        return self._checked_record(start, None)

    def after(self, damaged: int) -> RecoveredRecord | None:
        """The next record behind a damaged one whose number fits the bytes between; where there is none, any later."""
        for loose in (False, True):
            for start in range(damaged + 1, len(self._data)):
                most = None if loose else self.expected + (start - damaged) // _MIN_RECORD_BYTES + 1
                record = self._checked_record(start, range(self.expected, most or 1 << 60))
                if record is not None:
                    return record
                if self.work_left < 0:
                    return None
        return None

    def _checked_record(self, at: int, numbers: range | None) -> RecoveredRecord | None:
        """The record at a byte, if its checksum and, where ``numbers`` are given, its number are right."""
        data, self.work_left = self._data, self.work_left - _WORK_PER_BYTE
        key, start = _varint(data, at)
        if start < 0:
            return None
        end = start + (key >> 2)
        if key >> 2 > MAX_RECORD_BYTES or end + CRC_BYTES > len(data):
            return None
        kind = RecordKind(key & 3)
        if numbers is not None and not _plausible(data, start, kind, numbers):
            return None
        self.work_left -= end - at
        if crc(salt_of(kind, self._salt) + bytes(data[at:end])) != data[end : end + CRC_BYTES]:
            return None
        return RecoveredRecord(at, end + CRC_BYTES, Record(kind, bytes(data[start:end])))


def _plausible(data: memoryview, start: int, kind: RecordKind, numbers: range) -> bool:
    """Whether a record's body begins as one of its kind would: with a number that is due, or a topic that is known."""
    number, after = _varint(data, start)
    if after < 0:
        return False
    if kind is RecordKind.OPTIONAL:
        return number in (RecordTopic.TAGS, RecordTopic.SEEK_TABLE)
    if kind is RecordKind.CRITICAL:
        return number == RecordTopic.GAP and _varint(data, after)[0] in numbers
    return (number >> 1 if kind is RecordKind.LAST else number) in numbers


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of at most five bytes and the place behind it, which is -1 where there is none."""
    value = 0
    for count, byte in enumerate(data[at : at + 5]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, at + count + 1
    return 0, -1


def records(data: memoryview, start: int, salt: bytes) -> Iterator[RecoveredRecord]:
    """Yield the whole records of a file with this salt from ``start`` on, mended ones too; between them is damage.

    A file that is damaged in very many places is searched for about a minute; what lies behind counts as damaged.
    """
    search, at = _RecordSearch(data, salt), start
    while at < len(data):
        current = search.at(at)
        if current is None:
            following = search.after(at)
            stop = following.begin if following else len(data)
            current = _mended_record(data[at:stop], at, salt)
            if current is None:
                current, following = following, None
            if current is None:
                return
        else:
            following = None
        for item in (current, following):
            if item is not None:
                yield item
                search.expected = max(search.expected, _following_number(item.record))
                at = item.end


def _following_number(record: Record) -> int:
    """Number of the packet after a record; 0 where it does not tell."""
    body = memoryview(record.body)
    number, after = _varint(body, 0)
    if record.kind is RecordKind.PACKET:
        return number + 1
    if record.kind is RecordKind.CRITICAL and after > 0:
        first, behind = _varint(body, after)
        return first + _varint(body, behind)[0] if behind > 0 else 0
    return 0


def _mended_record(damaged: memoryview, at: int, salt: bytes) -> RecoveredRecord | None:
    """The one record that damaged bytes were before one of their bits flipped."""
    if not CRC_BYTES < len(damaged) <= _MAX_MENDED_BYTES:
        return None
    for prefix in dict.fromkeys((salt, b"")):  # the flipped bit may be that which tells a record's kind
        mended = mend(bytes(damaged), prefix)
        record = _RecordSearch(memoryview(mended), salt).at(0) if mended is not None else None
        if mended is not None and record is not None and record.end == len(mended):
            return RecoveredRecord(at, at + len(mended), record.record, mended=True)
    return None


def mend(data: bytes, salt: bytes = b"") -> bytes | None:
    """Bytes that end with the checksum of salt and them, with the one bit turned that makes it fit; None for none.

    A CRC is linear: what a flipped bit changes in it depends on the bit's place alone, so each bit costs one lookup.
    """
    body, checksum = data[:-CRC_BYTES], int.from_bytes(data[-CRC_BYTES:], "little")
    syndrome = google_crc32c.value(salt + body) ^ checksum
    if syndrome == 0:
        return data
    if syndrome.bit_count() == 1:
        return body + (checksum ^ syndrome).to_bytes(CRC_BYTES, "little")
    # Walk the change that bit 7 of the last byte makes backwards through the body, one bit a time.
    change = _LAST_BIT
    for place in range(8 * len(body) - 1, -1, -1):
        if change == syndrome:
            mended = bytearray(body)
            mended[place >> 3] ^= 1 << (place & 7)
            return bytes(mended) + data[-CRC_BYTES:]
        change = change >> 1 ^ (_POLYNOMIAL if change & 1 else 0)
    return None


def packets(data: memoryview, header: Header, start: int) -> Iterator[tuple[Packet, bool]]:
    """Yield the packets of a damaged file in order, each number once, and whether they were mended.

    Raises:
        ClaimError: no byte before the end is damaged, and yet the end is not where the header says.
    """
    expected, last, undamaged, at = 0, None, True, start
    if header.samples is not None:
        last = max(0, header.frames(header.samples) - 1) // header.packet_frames
    for item in records(data, start, header.salt):
        undamaged, at = undamaged and item.begin == at and not item.mended, item.end
        if item.record.kind is RecordKind.OPTIONAL:
            continue
        try:
            packet = Packet.from_record(item.record, header)
        except ClaimError:
            if undamaged:
                raise
            continue
        except FormatError:
            continue
        if packet.sequence < expected or (
            last is not None and packet.end is None and packet.sequence + packet.count > last
        ):
            continue
        yield packet, item.mended
        expected = packet.sequence + packet.count
        if packet.end is not None:
            return
