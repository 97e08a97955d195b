"""The seek table: where each packet of an .aur file begins, and the header once more.

It is an optional record at the end of a file. Its last field is its own length, so it is found from the end; a file
without one is walked through, and `auricle repair` makes it anew.
"""

from collections.abc import Sequence
from io import SEEK_END
from typing import BinaryIO, NamedTuple

from auricle.codec.format.fields import Fields, read_varint, varint
from auricle.codec.format.header import Header
from auricle.codec.format.record import CRC_BYTES, MAX_RECORD_BYTES, MOST_TOPICS, Kind, Record, Topic, read_record
from auricle.errors import FormatError

LEAST_PACKETS = 16
"""Shorter files are walked through; they have no table."""
MAX_PACKETS = MAX_RECORD_BYTES
"""Longer files have none either: it would not fit into a record."""
_LENGTH_BYTES = 4


class SeekTable(NamedTuple):
    """A file's header and the place of each packet, counted from the front of the file; 0 for a lost one."""

    header: Header
    places: tuple[int, ...]

    def to_record(self) -> Record | None:
        """The record, or None where the table is too small to be of use or too large for one."""
        if len(self.places) < LEAST_PACKETS:
            return None
        head = self.header.to_bytes()
        body = varint(Topic.SEEK_TABLE) + varint(len(head)) + head + varint(len(self.places)) + self._steps()
        size = len(body) + _LENGTH_BYTES
        if size > MAX_RECORD_BYTES:
            return None
        whole = len(varint(size << 2 | Kind.OPTIONAL)) + size + CRC_BYTES
        return Record(Kind.OPTIONAL, body + whole.to_bytes(_LENGTH_BYTES, "little"))

    def _steps(self) -> bytes:
        steps, before = [], 0
        for place in self.places:
            steps.append(varint(place - before if place else 0))
            before = place or before
        return b"".join(steps)


def read_table(fields: Fields) -> SeekTable:
    """The table in a record's body after its topic.

    Raises:
        FormatError: a field is wrong or cut short.
    """
    header = Header.from_bytes(fields.take(fields.varint(MAX_RECORD_BYTES)))
    count = fields.varint(MAX_RECORD_BYTES)
    places, at = [], 0
    for _ in range(count):
        step = fields.varint(1 << 56)
        at += step
        places.append(at if step else 0)
    return SeekTable(header, tuple(places))


def find_table(file: BinaryIO) -> SeekTable | None:
    """The seek table at the end of a file that can be moved in, or None where there is none that is whole."""
    tail = _LENGTH_BYTES + CRC_BYTES
    size = file.seek(0, SEEK_END)
    file.seek(max(0, size - tail))
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if not tail < length <= min(size, MAX_RECORD_BYTES + 16):
        return None
    file.seek(size - length)
    try:
        record = read_record(file)
        if record is None or record.kind is not Kind.OPTIONAL or file.tell() != size:
            return None
        fields = Fields(record.body)
        return read_table(fields) if fields.varint(MOST_TOPICS) == Topic.SEEK_TABLE else None
    except FormatError:
        return None


def walked(file: BinaryIO, start: int) -> Sequence[tuple[Kind, int]]:
    """Kind and place of every record from ``start`` on, found by the lengths that stand before them, unchecked.

    Raises:
        FormatError: a length is malformed.
    """
    found = []
    file.seek(start)
    while True:
        place = file.tell()
        key, raw = read_varint(file, MAX_RECORD_BYTES << 2 | 3)
        if not raw:
            return found
        found.append((Kind(key & 3), place))
        file.seek((key >> 2) + CRC_BYTES, 1)
