"""Find what is whole in a damaged .aur file, and mend what a single flipped bit has spoiled.

Records are read one after another. Where one is damaged, the next whole one is searched for byte by byte; its checksum
and its number tell that it is real. Then each bit of what lies between is tried: a checksum of 32 bits that fits again
is as good as proof.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import google_crc32c

from auricle.codec.container import MAGIC, VERSION, Packet
from auricle.codec.header import Header
from auricle.codec.record import CRC_BYTES, MAX_RECORD_BYTES, Kind, Record, crc
from auricle.codec.seek import find_table
from auricle.errors import FormatError

_MOST_MENDED = 1 << 14
"""Bytes of a damaged stretch in which single bits are tried."""
_WORK = 1 << 31
"""Bytes that the search for records may sum at most: a second or two."""
_HEADER_MOST = 5 + 255 + CRC_BYTES
_POLYNOMIAL = 0x82F63B78
_LAST_BIT = google_crc32c.value(b"\x80") ^ google_crc32c.value(b"\x00")
"""What turning the last bit that a CRC takes in changes in it."""


class Found(NamedTuple):
    """A whole record: where it begins and ends, and whether a bit of it had to be turned."""

    begin: int
    end: int
    record: Record
    mended: bool = False


class Front(NamedTuple):
    """The header of a file.

    Attributes:
        header: it.
        size: bytes that it takes at the front of the file, checksum and all.
        how: "whole", "mended" (one bit was wrong) or "copied" (from the seek table).
    """

    header: Header
    size: int
    how: str


def find_front(data: memoryview) -> Front:
    """The header of a file, mended where one bit is wrong, else from the seek table.

    Raises:
        FormatError: it is lost.
    """
    if (header := _front(bytes(data[:_HEADER_MOST]))) is not None:
        return Front(header, _front_size(data[4]), "whole")
    if _distance(bytes(data[:4])) > 1:
        raise FormatError("it does not begin like an .aur file")
    for length in dict.fromkeys((data[4] if len(data) > 4 else 0, *range(32, 256))):
        head = bytearray(data[: _front_size(length)])
        if len(head) < _front_size(length):
            continue
        head[:5] = MAGIC + VERSION + bytes([length])
        if (mended := mend(bytes(head))) is not None and (header := _front(mended)) is not None:
            return Front(header, len(head), "mended")
    table = find_table(BytesIO(data))
    if table is not None:
        return Front(table.header, 0, "copied")
    raise FormatError("its header is damaged beyond repair, and there is no copy of it in its seek table")


def _distance(magic: bytes) -> int:
    """Bits in which the first bytes differ from what they should be."""
    wanted = MAGIC + VERSION
    return (int.from_bytes(magic, "big") ^ int.from_bytes(wanted, "big")).bit_count() if len(magic) == 4 else 32


def _front_size(length: int) -> int:
    return 5 + length + CRC_BYTES


def _front(data: bytes) -> Header | None:
    if len(data) < 5 or data[:4] != MAGIC + VERSION:
        return None
    end = 5 + data[4]
    if crc(data[:end]) != data[end : end + CRC_BYTES]:
        return None
    try:
        return Header.from_bytes(data[5:end])
    except FormatError:
        return None


def records(data: memoryview, start: int) -> Iterator[Found]:
    """Yield the whole records from ``start`` on, mended ones too; what lies between them is damaged.

    Raises:
        FormatError: so much is damaged that the search would take too long.
    """
    at, work = start, 0
    while at < len(data):
        found, spent = _record(data, at, len(data))
        work += spent
        if found is not None:
            yield found
            at = found.end
            continue
        following = None
        for place in range(at + 1, len(data)):
            following, spent = _record(data, place, len(data))
            work += spent
            if following is not None:
                break
            if work > _WORK:
                raise FormatError("it is damaged in too many places to search")
        stop = following.begin if following else len(data)
        if (mended := _mended(bytes(data[at:stop]), at)) is not None:
            yield mended
        if following is None:
            return
        yield following
        at = following.end


def _record(data: memoryview, at: int, stop: int) -> tuple[Found | None, int]:
    """The record that begins at a byte, if it is whole, and the bytes that were summed to find out."""
    key = raw = 0
    while True:
        if at + raw >= stop or raw > 3:
            return None, raw
        byte = data[at + raw]
        key |= (byte & 0x7F) << 7 * raw
        raw += 1
        if byte < 0x80:
            break
    size = key >> 2
    end = at + raw + size
    if size > MAX_RECORD_BYTES or end + CRC_BYTES > stop:
        return None, raw
    if google_crc32c.value(bytes(data[at:end])).to_bytes(CRC_BYTES, "little") != data[end : end + CRC_BYTES]:
        return None, raw + size
    return Found(at, end + CRC_BYTES, Record(Kind(key & 3), bytes(data[at + raw : end]))), raw + size


def _mended(damaged: bytes, at: int) -> Found | None:
    """The one record that damaged bytes were before one of their bits flipped."""
    if not CRC_BYTES < len(damaged) <= _MOST_MENDED:
        return None
    whole = mend(damaged)
    if whole is None:
        return None
    found, _ = _record(memoryview(whole), 0, len(whole))
    if found is None or found.end != len(whole):
        return None
    return Found(at, at + len(whole), found.record, mended=True)


def mend(data: bytes) -> bytes | None:
    """Bytes that end with their checksum, with the one bit turned that makes it fit; None where none does.

    A CRC is linear: what a flipped bit changes in it depends on the bit's place alone, so each bit costs one lookup.
    """
    body, found = data[:-CRC_BYTES], int.from_bytes(data[-CRC_BYTES:], "little")
    wrong = google_crc32c.value(body) ^ found
    if wrong == 0:
        return data
    if wrong.bit_count() == 1:
        return body + (found ^ wrong).to_bytes(CRC_BYTES, "little")
    # Walk the change that bit 7 of the last byte makes backwards through the body, one bit a time.
    change = _LAST_BIT
    for place in range(8 * len(body) - 1, -1, -1):
        if change == wrong:
            mended = bytearray(body)
            mended[place >> 3] ^= 1 << (place & 7)
            return bytes(mended) + data[-CRC_BYTES:]
        change = change >> 1 ^ (_POLYNOMIAL if change & 1 else 0)
    return None


def packets(data: memoryview, header: Header, start: int) -> Iterator[tuple[Packet, bool]]:
    """Yield the packets of a damaged file in order, each number once, and whether they were mended."""
    expected, most = 0, None if header.samples is None else header.frames(header.samples)
    for found in records(data, start):
        if found.record.kind is Kind.OPTIONAL:
            continue
        try:
            packet = Packet.from_record(found.record, header)
        except FormatError:
            continue
        begin = packet.sequence * header.packet_frames
        if packet.sequence < expected or (most is not None and begin + packet.frames > max(most, 1) and not packet.end):
            continue
        yield packet, found.mended
        expected = packet.sequence + packet.count
        if packet.end is not None:
            return
