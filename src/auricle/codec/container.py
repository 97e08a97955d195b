"""The .aur container: a header, packets with checksums, and a last packet that tells the exact length.

``docs/format.md`` is the norm. Reader and writer need neither the model nor its tables, and hold one packet at a
time.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, final

from auricle.codec.fields import Fields, read_varint, varint
from auricle.codec.header import Header
from auricle.errors import FormatError

MAGIC = b"AUR"
VERSION = b"1"
MAX_RECORD_BYTES = 1 << 24
MAX_SAMPLES = 1 << 48
_CRC_BYTES = 4


class Kind(IntEnum):
    """Kinds of records: the lowest two bits of a record's key."""

    PACKET = 0
    LAST = 1
    OPTIONAL = 2
    CRITICAL = 3


@final
@dataclass(frozen=True)
class End:
    """What is known when a file is whole: samples per channel at the sound's rate, CRC-32 of all codes."""

    samples: int
    codes_checksum: int


@final
@dataclass(frozen=True)
class Packet:
    """Coded frames. ``end`` is None in every packet but the last."""

    sequence: int
    frames: int
    payload: bytes
    end: End | None


@final
class Writer:
    """Writes an .aur file front to back.

    Every packet but the last holds ``header.packet_frames`` frames; the last one holds one to that many, or none
    in a file of no samples.
    """

    def __init__(self, file: BinaryIO, header: Header):
        body = header.to_bytes()
        self._file = file
        self._packets = 0
        front = MAGIC + VERSION + bytes([len(body)]) + body
        file.write(front + _crc(front))

    def packet(self, payload: bytes) -> None:
        """Append a full packet's entropy-coded bytes."""
        self._record(Kind.PACKET, varint(self._packets) + payload)
        self._packets += 1

    def finish(self, payload: bytes, end: End) -> None:
        """Append the last packet's entropy-coded bytes and what ends the file."""
        checksum = end.codes_checksum.to_bytes(_CRC_BYTES, "little")
        self._record(Kind.LAST, varint(self._packets) + varint(end.samples) + checksum + payload)

    def _record(self, kind: Kind, body: bytes) -> None:
        if len(body) > MAX_RECORD_BYTES:
            raise FormatError(f"a packet of {len(body)} bytes is too large for a file: use a lower quality")
        record = varint(len(body) << 2 | kind) + body
        self._file.write(record + _crc(record))


@final
class Reader:
    """Reads an .aur file front to back, trusting nothing in it.

    Args:
        file: open for reading bytes.
        name: what to call it in messages.

    Raises:
        FormatError: it is not an .aur file, of another version, or its header is damaged.
    """

    def __init__(self, file: BinaryIO, name: str | Path):
        self._file, self._name = file, name
        magic = file.read(len(MAGIC))
        if magic != MAGIC:
            what = "is empty" if not magic else "is not an .aur file"
            raise FormatError(f"{name} {what}: name a file that `auricle compress` made")
        version = file.read(len(VERSION))
        if version != VERSION:
            shown = version.decode("latin-1") if version.isdigit() else "unknown"
            raise FormatError(
                f"{name} has format version {shown}, known is {VERSION.decode()}: update Auricle, or check the file"
            )
        try:
            self.header = self._read_header()
        except FormatError as error:
            raise self._damaged("its header", error) from error

    def packets(self) -> Iterator[Packet]:
        """Yield the packets in order, the last one with its ``end``; call once.

        Raises:
            FormatError: the file is damaged or cut short. Packets yielded before are good.
        """
        sequence = 0
        last = False
        while not last:
            try:
                packet = self._next(sequence)
            except FormatError as error:
                raise self._damaged(f"packet {sequence}", error) from error
            if packet is None:
                continue
            yield packet
            sequence, last = sequence + 1, packet.end is not None
        if self._file.read(1):
            raise FormatError(f"{self._name} has bytes after its end: it is damaged, get the file again")

    def _read_header(self) -> Header:
        size = self._file.read(1)
        body = self._file.read(size[0]) if size else b""
        if not size or len(body) < size[0]:
            raise FormatError("the file ends inside it")
        self._check_crc(MAGIC + VERSION + size + body)
        return Header.from_bytes(body)

    def _next(self, sequence: int) -> Packet | None:
        """The next packet, or None where a record was skipped."""
        key, raw = read_varint(self._file, MAX_RECORD_BYTES << 2 | 3)
        if not raw:
            raise FormatError("the file ends before it: it is cut short")
        size, kind = key >> 2, Kind(key & 3)
        body = self._file.read(size)
        if len(body) < size:
            raise FormatError("the file ends inside it: it is cut short")
        self._check_crc(raw + body)
        if kind is Kind.CRITICAL:
            raise FormatError("it is of a kind that this version does not know: update Auricle")
        return None if kind is Kind.OPTIONAL else self._parse(Fields(body), sequence, last=kind is Kind.LAST)

    def _parse(self, fields: Fields, sequence: int, *, last: bool) -> Packet:
        header = self.header
        if (found := fields.varint(MAX_SAMPLES)) != sequence:
            raise FormatError(f"packet {found} stands in its place")
        if not last:
            return Packet(sequence, header.packet_frames, fields.rest(), None)
        end = End(fields.varint(MAX_SAMPLES), fields.number(_CRC_BYTES))
        frames = header.frames(end.samples) - sequence * header.packet_frames
        if not (1 <= frames <= header.packet_frames or (frames == 0 and end.samples == 0)):
            raise FormatError(f"{end.samples} samples do not fit its {sequence + 1} packets")
        return Packet(sequence, frames, fields.rest(), end)

    def _check_crc(self, data: bytes) -> None:
        found = self._file.read(_CRC_BYTES)
        if len(found) < _CRC_BYTES:
            raise FormatError("the file ends inside it: it is cut short")
        if found != _crc(data):
            raise FormatError("its checksum is wrong")

    def _damaged(self, where: str, error: FormatError) -> FormatError:
        return FormatError(f"{self._name} is damaged at {where}: {error}; get the file again")


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CRC_BYTES, "little")


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open an .aur file for a :class:`Reader`.

    Raises:
        FormatError: it is missing, a folder, or can't be read.
    """
    try:
        if path.is_dir():
            raise FormatError(f"{path} is a folder: name an .aur file")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise FormatError(f"{path} does not exist: check the name") from error
    except OSError as error:
        raise FormatError(f"can't read {path}: {error.strerror or error}") from error
