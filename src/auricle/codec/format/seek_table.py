"""The seek table: where each packet of an .aur file begins, and the header once more.

It is an optional record at the end of a file. Its last field is its own length, so it is found from the end; a file
without one is walked through, and `auricle repair` makes it anew.
"""

from collections.abc import Sequence
from io import SEEK_END
from typing import BinaryIO, NamedTuple, final

from auricle.codec.format.fields import Fields, read_varint, varint
from auricle.codec.format.header import Header
from auricle.codec.format.record import (
    CRC_BYTES,
    MAX_RECORD_BYTES,
    MAX_TOPIC,
    Record,
    RecordKind,
    RecordTopic,
    read_record,
)
from auricle.errors import FormatError

MIN_TABLE_PACKETS = 16
"""Shorter files are walked through; they have no table."""
MAX_TABLE_PACKETS = MAX_RECORD_BYTES
"""Longer files have none either: it would not fit into a record."""
_LENGTH_BYTES = 4


class SeekTable(NamedTuple):
    """A file's header and the byte offset of each packet in the file; 0 for a lost one."""

    header: Header
    offsets: tuple[int, ...]

    def to_record(self) -> Record | None:
        """The record, or None where the table is too small to be of use or too large for one."""
        if len(self.offsets) < MIN_TABLE_PACKETS:
            return None
        head = self.header.to_bytes()
        body = varint(RecordTopic.SEEK_TABLE) + varint(len(head)) + head + varint(len(self.offsets)) + self._steps()
        size = len(body) + _LENGTH_BYTES
        if size > MAX_RECORD_BYTES:
            return None
        record_bytes = len(varint(size << 2 | RecordKind.OPTIONAL)) + size + CRC_BYTES
        return Record(RecordKind.OPTIONAL, body + record_bytes.to_bytes(_LENGTH_BYTES, "little"))

    def _steps(self) -> bytes:
        steps, before = [], 0
        for offset in self.offsets:
            steps.append(varint(offset - before if offset else 0))
            before = offset or before
        return b"".join(steps)


@final
class PacketOffsets:
    """Where the packets of a file begin, as a seek table lists them."""

    def __init__(self) -> None:
        self._offsets: list[int] = []
        self._fits = True

    def add(self, offset: int, count: int) -> None:
        """Take one packet, or several lost ones with the offset 0."""
        self._fits = self._fits and len(self._offsets) + count <= MAX_TABLE_PACKETS
        if self._fits:
            self._offsets.extend([offset] * count)

    def table(self, header: Header) -> SeekTable | None:
        """The table; None where there are more packets than one can hold."""
        return SeekTable(header, tuple(self._offsets)) if self._fits else None


def read_table(fields: Fields) -> SeekTable:
    """The table in a record's body after its topic.

    Raises:
        FormatError: a field is wrong or cut short.
    """
    header = Header.from_bytes(fields.read(fields.varint(MAX_RECORD_BYTES)), None)
    count = fields.varint(MAX_RECORD_BYTES)
    offsets, offset = [], 0
    for _ in range(count):
        step = fields.varint(1 << 56)
        offset += step
        offsets.append(offset if step else 0)
    return SeekTable(header, tuple(offsets))


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
        if record is None or record.kind is not RecordKind.OPTIONAL or file.tell() != size:
            return None
        fields = Fields(record.body)
        return read_table(fields) if fields.varint(MAX_TOPIC) == RecordTopic.SEEK_TABLE else None
    except FormatError:
        return None


def scan_records(file: BinaryIO, start: int) -> Sequence[tuple[RecordKind, int]]:
    """Kind and offset of every record from ``start`` on, found by the lengths that stand before them, unchecked.

    Raises:
        FormatError: a length is malformed.
    """
    records = []
    file.seek(start)
    while True:
        offset = file.tell()
        key, raw = read_varint(file, MAX_RECORD_BYTES << 2 | 3)
        if not raw:
            return records
        records.append((RecordKind(key & 3), offset))
        file.seek((key >> 2) + CRC_BYTES, 1)
