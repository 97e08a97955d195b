"""Packets in the order in which they are to be heard: of a whole file, of a part of one, or of a pipe."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import SEEK_END
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, final

import numpy as np

from auricle.codec.claims import check_packet_claims
from auricle.codec.format.container import Packet, PacketReader, StreamEnd, open_file
from auricle.codec.format.header import ClaimError, Header
from auricle.codec.format.record import RecordKind, read_record
from auricle.codec.format.seek_table import find_table, scan_records
from auricle.codec.info import info
from auricle.errors import FormatError, OptionError
from auricle.open_files import FileSource, binary_stream, stream_name
from auricle.options.coding import ReadLimits

WARM_UP_SECONDS = 2.0
"""Sound before a part that is decoded and thrown away: longer than what a convolutional decoder remembers."""
_MAX_PARALLEL_PACKETS = 16
_MAX_RUN_FRAMES = 256
"""Frames of the longest packet of a file that the decoder's network takes in one run."""
_MAX_GROUP_FRAMES = 1 << 14
"""Frames of channels in packets that are decoded side by side, unless one alone has more: it bounds their codes."""


class SoundWriter(Protocol):
    """What takes decoded sound."""

    @property
    def frames(self) -> int:
        """Samples per channel written so far."""
        ...

    def write(self, block: np.ndarray) -> None: ...


class Part(NamedTuple):
    """Seconds of a sound, from ``start`` to just before ``stop``."""

    start: float = 0.0
    stop: float = float("inf")

    @property
    def is_whole(self) -> bool:
        """Whether it is all of any sound."""
        return self == Part()


@final
@dataclass(frozen=True)
class Playback:
    """What is to be heard.

    Attributes:
        name: of the file, for messages.
        header: of the file.
        tags: of the file.
        groups: packets from number ``sequence`` on; those of a group are decoded side by side.
        sequence: number of the first packet.
        first: sample of the sound to begin with.
        stop: sample to end before; None for the end.
        seconds: length of what will be heard; 0 where nobody knows.
        run_frames: frames per run of the decoder's network: long where nobody waits.
    """

    name: str
    header: Header
    tags: Mapping[str, str]
    groups: Iterator[tuple[Packet, ...]]
    sequence: int
    first: int
    stop: int | None
    seconds: float
    run_frames: int

    @property
    def samples(self) -> int | None:
        """How many will be heard, per channel; None where nobody knows."""
        ends = [samples for samples in (self.stop, self.header.samples) if samples is not None]
        return max(0, min(ends) - self.first) if self.header.samples is not None else None


@contextmanager
def open_playback(source: FileSource, limits: ReadLimits, part: Part) -> Iterator[Playback]:
    """Open a file or a pipe.

    Raises:
        FormatError: it is not an .aur file, is damaged, or claims more sound than the limits allow.
        OptionError: the part lies behind the end of the sound.
    """
    if not isinstance(source, str | PathLike):
        reader = PacketReader(binary_stream(source), stream_name(source, "standard input"))
        packets = _checked_packets(reader, limits)
        yield _sequential(reader, packets, part, at_once=1, run_frames=reader.header.run_frames)
        return
    path = Path(source)
    file_info = info(path) if part.is_whole else None
    with open_file(path) as file:
        reader = PacketReader(file, path)
        header = reader.header
        if file_info is None:
            yield _part_of_file(file, reader, limits, part)
            return
        check_packet_claims(reader, header.frames(file_info.samples), file_info.bytes, limits)
        at_once, run_frames = _parallel_packets(header), _run_frames(header)
        yield _sequential(reader, reader.packets(), part, at_once=at_once, run_frames=run_frames)


def _sequential(
    reader: PacketReader, packets: Iterator[Packet], part: Part, *, at_once: int, run_frames: int
) -> Playback:
    """From the front on; the first packet is read at once, because tags stand before it."""
    header = reader.header
    start = next(packets)
    first, stop = round(part.start * header.sample_rate), None
    if part.stop != float("inf"):
        stop = round(part.stop * header.sample_rate)
    if stop is not None and stop <= first:
        raise _empty_part(reader.name, part, part.stop)
    ends = [samples for samples in (stop, header.samples) if samples is not None]
    seconds = max(0, min(ends) - first) / header.sample_rate if ends else 0.0
    groups = _groups(chain((start,), packets), at_once)
    return Playback(reader.name, header, reader.tags, groups, 0, first, stop, seconds, run_frames)


def _run_frames(header: Header) -> int:
    """Frames per run for a file: a whole packet, unless that is long."""
    return header.packet_frames if header.packet_frames <= _MAX_RUN_FRAMES else header.run_frames


def _parallel_packets(header: Header) -> int:
    """How many packets are decoded side by side."""
    return min(_MAX_PARALLEL_PACKETS, max(1, _MAX_GROUP_FRAMES // (header.packet_frames * header.channels)))


def _groups(packets: Iterator[Packet], at_once: int, needed: float = float("inf")) -> Iterator[tuple[Packet, ...]]:
    """At most ``at_once`` packets together while they are among the first ``needed``, after them one at a time."""
    while group := tuple(islice(packets, max(1, int(min(at_once, needed))))):
        yield group
        needed -= len(group)


def _checked_packets(reader: PacketReader, limits: ReadLimits) -> Iterator[Packet]:
    header = reader.header
    for packet in reader.packets():
        frames = packet.sequence * header.packet_frames + packet.frames
        check_packet_claims(reader, frames, reader.size, limits)
        yield packet


def _part_of_file(file: BinaryIO, reader: PacketReader, limits: ReadLimits, part: Part) -> Playback:
    """Only the packets that a part needs, found by the seek table or by the lengths that stand before records."""
    header, size = reader.header, file.seek(0, SEEK_END)
    tags = _tags(file, reader)
    packets = _NumberedPackets(file, reader)
    samples = header.samples if packets.end is None else packets.end.samples
    frames = packets.last * header.packet_frames if samples is None else header.frames(samples)
    check_packet_claims(reader, frames, size, limits)
    if samples is None:
        raise _cut_short(reader.name, packets.last + 1)
    rate = header.sample_rate
    first, stop = round(part.start * rate), min(samples, round(min(part.stop, samples / rate) * rate))
    if first >= stop:
        raise _empty_part(reader.name, part, samples / rate)
    frame = (first * header.native_rate // rate - WARM_UP_SECONDS * header.native_rate) // header.hop_length
    sequence = max(0, int(frame) // header.packet_frames)
    last = (header.frames(samples) - 1) // header.packet_frames
    from_first = (packets.read(number) for number in range(sequence, last + 1))
    last_native = (stop - 1) * header.native_rate // rate
    needed_count = (last_native + header.delay) // header.hop_length // header.packet_frames - sequence + 1
    groups = _groups(from_first, _parallel_packets(header), needed_count)
    return Playback(
        reader.name, header, tags, groups, sequence, first, stop, (stop - first) / rate, _run_frames(header)
    )


def _empty_part(name: str, part: Part, seconds: float) -> OptionError:
    upto = "its end" if part.stop == float("inf") else f"{part.stop:g} s"
    return OptionError(f"the part from {part.start:g} s to {upto} holds no sample: {name} is {seconds:g} s long")


def _tags(file: BinaryIO, reader: PacketReader) -> Mapping[str, str]:
    """Tags that stand before the first packet; none where that part of the file is damaged."""
    file.seek(reader.header_size)
    try:
        while (record := read_record(file, reader.header.salt)) is not None and record.kind is RecordKind.OPTIONAL:
            reader.skip_optional(record)
    except FormatError:
        pass
    return reader.tags


def _cut_short(name: str, packets: int) -> FormatError:
    return FormatError(
        f"{name} ends after {packets} packets: it is cut short; get the file again, or save the rest with "
        "`auricle repair`"
    )


@final
class _NumberedPackets:
    """Packets of a file by number.

    Attributes:
        last: number of the last one.
        end: what ends the file; None where it is cut short.
    """

    def __init__(self, file: BinaryIO, reader: PacketReader):
        self._file, self._reader = file, reader
        table = find_table(file)
        self._has_table = table is not None and bool(table.offsets) and table.offsets[-1] > 0
        if table is not None and self._has_table:
            self._offsets = {number: offset for number, offset in enumerate(table.offsets) if offset}
        else:
            self._offsets = self._scan()
        self.last = max(self._offsets)
        self.end = self._end()

    def read(self, sequence: int) -> Packet:
        """One packet, a lost one too."""
        if sequence > self.last:
            raise _cut_short(self._reader.name, self.last + 1)
        if sequence not in self._offsets:
            return Packet(sequence, self._reader.header.packet_frames, None)
        packet = self._at(self._offsets[sequence])
        if packet.sequence == sequence:
            return packet
        if self._has_table:
            raise self._wrong_table()
        raise FormatError(
            f"{self._reader.name}: packet {packet.sequence} stands where {sequence} should; try `auricle repair`"
        )

    def _end(self) -> StreamEnd | None:
        try:
            packet = self._at(self._offsets[self.last])
        except ClaimError:
            raise
        except FormatError:
            if self._reader.header.samples is None:
                raise
            return None  # it is damaged or cut: parts before it can still be played
        if self._has_table and (packet.end is None or packet.sequence != self.last):
            raise self._wrong_table()
        return packet.end

    def _wrong_table(self) -> ClaimError:
        return ClaimError(
            f"{self._reader.name}: its seek table is wrong, packets do not begin where it says: "
            "`auricle repair` makes a new one"
        )

    def _is_record(self, offset: int) -> bool:
        """Whether a record begins there; yes where damage hides it."""
        try:
            return any(place == offset for _, place in scan_records(self._file, self._reader.header_size))
        except FormatError:
            return True

    def _scan(self) -> dict[int, int]:
        """Where packets that are not lost begin; the last one is always there."""
        offsets: dict[int, int] = {}
        number = 0
        for kind, offset in scan_records(self._file, self._reader.header_size):
            if kind in (RecordKind.PACKET, RecordKind.LAST):
                offsets[number] = offset
                number += 1
            elif kind is RecordKind.CRITICAL:
                number += self._at(offset).count
        if not offsets:
            raise FormatError(f"{self._reader.name} has no packets: it is damaged, get the file again")
        return offsets

    def _at(self, offset: int) -> Packet:
        self._file.seek(offset)
        try:
            record = read_record(self._file, self._reader.header.salt)
            if record is None:
                raise FormatError("the file ends before it: it is cut short")
            return Packet.from_record(record, self._reader.header)
        except ClaimError as error:
            raise ClaimError(f"{self._reader.name}: {error}") from error
        except FormatError as error:
            if self._has_table and not self._is_record(offset):
                raise self._wrong_table() from error
            name = self._reader.name
            raise FormatError(f"{name} is damaged at byte {offset}: {error}; try `auricle repair`") from error
