"""The .aur container: a header, packets with checksums, a last packet that tells the exact length, a seek table.

``docs/format.md`` is the norm. Reader and writer need neither the model nor its tables, and hold one packet at a
time.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import SEEK_END, BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, final

from auricle.codec.format.fields import Fields, varint
from auricle.codec.format.header import MAX_SAMPLES, ClaimError, Header
from auricle.codec.format.record import (
    CRC_BYTES,
    MAX_TOPIC,
    Record,
    RecordKind,
    RecordTopic,
    check_crc,
    read_record,
    with_crc,
)
from auricle.codec.format.seek_table import PacketOffsets
from auricle.codec.format.tags import parse_tags, tags_record
from auricle.errors import FormatError

MAGIC = b"AUR"
VERSIONS = (1, 2)
"""Of the format: all of them can be read, the last one is written."""
NO_TAGS: Mapping[str, str] = MappingProxyType({})


@final
@dataclass(frozen=True)
class StreamEnd:
    """What is known when a file is whole: samples per channel at the sound's rate, CRC-32C of all codes."""

    samples: int
    codes_checksum: int


@final
@dataclass(frozen=True)
class Packet:
    """Coded frames, or the place of lost ones.

    Attributes:
        sequence: number of the packet from 0.
        frames: frames per channel.
        payload: entropy-coded bytes; None where the packet is lost.
        end: what ends the file, in its last packet; else None.
        count: packets that it stands for: more than 1 where several in a row are lost.
        salt: of the file that it belongs to.
    """

    sequence: int
    frames: int
    payload: bytes | None
    end: StreamEnd | None = None
    count: int = 1
    salt: bytes = field(default=b"", compare=False)

    @property
    def has_place(self) -> bool:
        """Whether a seek table lists where it begins: all but lost ones do, and the last one always."""
        return self.payload is not None or self.end is not None

    def to_bytes(self) -> bytes:
        """Its record, checksum and all.

        Raises:
            FormatError: it is too large for a file.
        """
        return self.to_record().to_bytes(self.salt)

    def to_record(self, *, length_in_header: bool = False) -> Record:
        """The record that it is in a file; ``length_in_header`` where the file's header has the sound's length."""
        if self.end is None and self.payload is None:
            return Record(RecordKind.CRITICAL, varint(RecordTopic.GAP) + varint(self.sequence) + varint(self.count))
        if self.end is None:
            return Record(RecordKind.PACKET, varint(self.sequence) + (self.payload or b""))
        number = varint(2 * self.sequence + (self.payload is None))
        checksum = self.end.codes_checksum.to_bytes(CRC_BYTES, "little")
        samples = varint(0 if length_in_header else self.end.samples + 1)
        return Record(RecordKind.LAST, number + samples + checksum + (self.payload or b""))

    @staticmethod
    def from_record(record: Record, header: Header) -> "Packet":
        """The packet that a record of a file with ``header`` holds.

        Raises:
            FormatError: it is none, or its fields are wrong.
        """
        fields = Fields(record.body)
        if record.kind is RecordKind.LAST:
            return _parse_last(fields, header)
        if record.kind is RecordKind.PACKET:
            packet = Packet(fields.varint(MAX_SAMPLES), header.packet_frames, fields.remaining(), salt=header.salt)
        elif record.kind is RecordKind.CRITICAL and fields.varint(MAX_TOPIC) == RecordTopic.GAP:
            packet = _parse_gap(fields, header)
        else:
            raise FormatError("it is of a kind that this version does not know: update Auricle")
        if packet.sequence * header.packet_frames + packet.frames >= header.frames(MAX_SAMPLES):
            raise FormatError(f"a packet of number {packet.sequence} lies beyond the longest sound")
        return packet

    @staticmethod
    def from_bytes(data: bytes, header: Header) -> "Packet":
        """The packet that `to_bytes` made such bytes of.

        Raises:
            FormatError: they are damaged, or more than one record.
        """
        file = BytesIO(data)
        record = read_record(file, header.salt)
        if record is None or file.read(1):
            raise FormatError(f"{len(data)} bytes are not one packet: hand on what the encoder gave, piece by piece")
        return Packet.from_record(record, header)


def _parse_length(field: int, header: Header) -> int:
    """Samples from the last record's field: 0 where the header states them, else one more than they are."""
    if field == 0 and header.samples is None:
        raise FormatError("neither its header nor its end tells how long the sound is")
    if field and header.samples not in (None, field - 1):
        raise ClaimError(f"it ends after {field - 1} samples, its header says {header.samples}: get the file again")
    return field - 1 if field else header.samples or 0


def _parse_gap(fields: Fields, header: Header) -> Packet:
    sequence, count = fields.varint(MAX_SAMPLES), fields.varint(MAX_SAMPLES)
    if count == 0 or fields.remaining():
        raise FormatError("a mark of lost packets in it is malformed")
    return Packet(sequence, count * header.packet_frames, None, count=count, salt=header.salt)


def _parse_last(fields: Fields, header: Header) -> Packet:
    sequence, lost = divmod(fields.varint(2 * MAX_SAMPLES + 1), 2)
    end = StreamEnd(_parse_length(fields.varint(MAX_SAMPLES + 1), header), fields.number(CRC_BYTES))
    payload = fields.remaining()
    frames = header.last_packet_frames(end.samples, sequence)
    if lost and payload:
        raise FormatError("its last packet is marked as lost and not empty")
    return Packet(sequence, frames, None if lost else payload, end, salt=header.salt)


def header_bytes(header: Header) -> bytes:
    """Everything of a file before its first record."""
    body = header.to_bytes()
    return with_crc(magic(header.version) + bytes([len(body)]) + body)


def magic(version: int) -> bytes:
    """The first four bytes of a file of a format version."""
    return MAGIC + str(version).encode()


@final
class PacketWriter:
    """Writes an .aur file front to back.

    Every packet but the last holds ``header.packet_frames`` frames; the last one holds one to that many, or none
    in a file of no samples.

    Args:
        file: open for writing bytes.
        header: of the file.
        tags: words about the sound.
        seekable: whether ``file`` can be moved in, so that a length that the header lacks is put into it at the end.
            Else it is a pipe, and each record is handed on at once.

    Attributes:
        size: bytes written so far.
    """

    def __init__(self, file: BinaryIO, header: Header, tags: Mapping[str, str] = NO_TAGS, *, seekable: bool = False):
        self._file, self._header, self._seekable = file, header, seekable
        self.size = 0
        self._offsets = PacketOffsets()
        self._write(header_bytes(header))
        if tags:
            self._write(tags_record(tags).to_bytes())

    def write(self, packet: Packet) -> None:
        """Append a packet, or the place of lost ones."""
        self._offsets.add(self.size if packet.has_place else 0, packet.count)
        length_in_header = self._seekable or self._header.samples is not None
        self._write(packet.to_record(length_in_header=length_in_header).to_bytes(self._header.salt))
        if packet.end is not None:
            self._finish(packet.end)

    def _finish(self, end: StreamEnd) -> None:
        header = replace(self._header, samples=end.samples) if self._seekable else self._header
        table = self._offsets.table(header)
        record = None if table is None else table.to_record()
        if record is not None:
            self._write(record.to_bytes())
        if header != self._header:
            self._file.seek(0)
            self._file.write(header_bytes(header))
            self._file.seek(0, SEEK_END)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)
        if not self._seekable:
            self._file.flush()


@final
class PacketReader:
    """Reads an .aur file front to back, trusting nothing in it.

    Args:
        file: open for reading bytes.
        name: what to call it in messages.

    Attributes:
        name: what to call it.
        header: of the file.
        tags: words about the sound; known when the first packet has been read.
        size: bytes read so far.
        offset: where the record that was read last begins.
        front_size: bytes before the first record.

    Raises:
        FormatError: it is not an .aur file, of another version, or its header is damaged.
    """

    def __init__(self, file: BinaryIO, name: str | Path):
        self._file, self.name = file, str(name)
        self.tags: Mapping[str, str] = NO_TAGS
        first = file.read(len(MAGIC))
        if first != MAGIC:
            problem = "is empty" if not first else "is not an .aur file"
            raise FormatError(f"{name} {problem}: name a file that `auricle compress` made")
        digit = file.read(1)
        if not digit:
            raise FormatError(f"{name} is cut short: it ends after {len(MAGIC)} bytes; get the file again")
        version = int(digit) if digit.isdigit() else 0
        if version not in VERSIONS:
            number = str(version) if digit.isdigit() else "unknown"
            raise FormatError(
                f"{name} has format version {number}, known are {VERSIONS[0]} to {VERSIONS[-1]}: "
                "update Auricle, or check the file"
            )
        try:
            self.header = self._read_header(version)
        except FormatError as error:
            raise self._damaged("its header", error) from error
        self.size = self.offset = self.header_size

    def packets(self) -> Iterator[Packet]:
        """Yield the packets in order, lost ones too, the last one with its ``end``; call once.

        Raises:
            FormatError: the file is damaged or cut short. Packets yielded before are good.
        """
        sequence, last = 0, False
        while not last:
            try:
                packet = self._next(sequence)
            except FormatError as error:
                raise self._damaged(f"packet {sequence}", error) from error
            if packet is not None:
                yield packet
                sequence, last = sequence + packet.count, packet.end is not None
        try:
            while (record := self._record()) is not None:
                self.skip_optional(record)
        except FormatError as error:
            raise self._damaged("what follows its last packet", error) from error

    def _read_header(self, version: int) -> Header:
        size = self._file.read(1)
        body = self._file.read(size[0]) if size else b""
        if not size or len(body) < size[0]:
            raise FormatError("the file ends inside it")
        start = magic(version) + size + body
        check_crc(self._file, start)
        self.header_size = len(start) + CRC_BYTES
        return Header.from_bytes(body, version)

    def _record(self) -> Record | None:
        record, self.offset = read_record(self._file, self.header.salt), self.size
        if record is not None:
            self.size += len(record.body) + CRC_BYTES + len(varint(len(record.body) << 2))
        return record

    def _next(self, sequence: int) -> Packet | None:
        """The next packet, or None where a record was skipped."""
        record = self._record()
        if record is None:
            raise FormatError("the file ends before it: it is cut short")
        if record.kind is RecordKind.OPTIONAL:
            self.skip_optional(record)
            return None
        packet = Packet.from_record(record, self.header)
        if packet.sequence != sequence:
            raise FormatError(f"packet {packet.sequence} stands in its place")
        return packet

    def skip_optional(self, record: Record) -> None:
        """Take tags; skip other optional records, and tags that can't be read.

        Raises:
            FormatError: the record is not an optional one.
        """
        if record.kind is not RecordKind.OPTIONAL:
            raise FormatError("a packet stands where none may be")
        if not self.tags:
            self.tags = parse_tags(record)

    def _damaged(self, place: str, error: FormatError) -> FormatError:
        if isinstance(error, ClaimError):
            return ClaimError(f"{self.name}: {error}")
        return FormatError(
            f"{self.name} is damaged at {place}: {error}; get the file again, or save the rest with `auricle repair`"
        )


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open an .aur file for a :class:`PacketReader`.

    Raises:
        FormatError: it is missing, a folder, or can't be read.
    """
    try:
        if path.is_dir():
            raise FormatError(f"{path} is a folder: name an .aur file")
        if path.exists() and not path.is_file():
            raise FormatError(f"{path} is a device or a pipe: `auricle decompress -` reads from standard input")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise FormatError(f"{path} does not exist: check the name") from error
    except OSError as error:
        raise FormatError(f"can't read {path}: {error.strerror or error}") from error
    with file:  # what goes wrong from here on may be another file's fault
        yield file
