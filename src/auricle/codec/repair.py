"""Save what can be saved of a damaged .aur file, without the model."""

import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, final

from auricle.codec.claims import check_claims
from auricle.codec.format.container import NO_TAGS, Packet, PacketWriter, StreamEnd, open_file
from auricle.codec.format.header import ClaimError, Header, SampleSpan
from auricle.codec.format.record import RecordKind
from auricle.codec.format.tags import parse_tags
from auricle.codec.salvage import RecoveredHeader, packets, records, recover_header
from auricle.codec.targets import check_target, open_target, refuse_same_file
from auricle.errors import FormatError
from auricle.open_files import FileSource, local_file
from auricle.options.coding import ReadLimits
from auricle.options.field_types import check_arguments


@final
@dataclass(frozen=True)
class RepairResult:
    """What `repair` saved.

    Attributes:
        path: the new file; None for a pipe.
        header: "whole", "mended" (one bit was wrong) or "copied" (from the seek table).
        packets: saved ones.
        mended: those of them in which one bit was wrong.
        lost: spans of the sound that are lost, in samples per channel. The last may be open: the sound ends there.
        samples: length of the new file's sound, per channel.
        sample_rate: in Hz.
        cut: whether the end was missing and nothing tells how long the sound was.
    """

    path: Path | None
    header: str
    packets: int
    mended: int
    lost: tuple[SampleSpan, ...]
    samples: int
    sample_rate: int
    cut: bool


@check_arguments("source")
def repair(
    source: FileSource, target: Path | str | BinaryIO, *, limits: ReadLimits = ReadLimits(), force: bool = False
) -> RepairResult:
    """Write a sound file with all packets of ``source`` that are whole or have a single wrong bit.

    Lost packets are marked, so that every other one keeps its place; they are faded out in decoding. A file that is
    whole comes out whole, with a new seek table.

    Args:
        source: the damaged file: its path, or an open one (an upload, a pipe), which is left where it stood if it can
            seek.
        target: the file to write, or a pipe.
        limits: what it may claim, lost sound too: the same as in decoding.
        force: replace ``target``.

    Raises:
        FormatError: the header or every packet is lost, it is no .aur file, it claims more than the limits allow, or
            its length and its packets contradict each other though nothing is damaged.
        OutputError: the target can't be written.
    """
    refuse_same_file(source, target)
    check_target(target, force=force)
    with local_file(source) as file, _mapped(file.path) as data:
        try:
            return _repair(data, target, limits, force=force)
        except ClaimError as error:
            raise FormatError(f"{file.name}: {error}") from error
        except FormatError as error:
            raise FormatError(f"{file.name} can't be repaired: {error}; get the file again") from error


def _repair(data: memoryview, target: Path | str | BinaryIO, limits: ReadLimits, *, force: bool) -> RepairResult:
    recovered = recover_header(data)
    header, size, lost = recovered.header, recovered.header.packet_frames, []
    expected = saved = mended = 0
    cut = False
    end: StreamEnd | None = None
    with open_target(target, force=force) as (file, seekable):
        writer = PacketWriter(file, header, _tags(data, recovered), seekable=seekable)
        for packet, was_mended in packets(data, header, recovered.size):
            if packet.sequence > expected:
                writer.write(gap_packet(header, expected, packet.sequence))
                lost.append(header.span(expected * size, packet.sequence * size))
            writer.write(packet)
            if packet.payload is None:
                lost.append(header.span(packet.sequence * size, packet.sequence * size + packet.frames))
            else:
                saved, mended = saved + 1, mended + was_mended
            expected, end = packet.sequence + packet.count, packet.end
        if saved == 0 and end is None:
            raise FormatError("not one of its packets is whole")
        if end is None:
            cut = header.samples is None
            for packet in _final_packets(header, expected):
                writer.write(packet)
                end = packet.end
            lost.append(header.span(expected * size, 1 << 60))
        check_claims(header, header.frames(end.samples if end else 0), len(data), limits)
    assert end is not None
    spans = tuple(SampleSpan(span.first, min(span.stop, end.samples)) for span in lost)
    path = Path(target) if isinstance(target, Path | str) else None
    return RepairResult(path, recovered.state, saved, mended, spans, end.samples, header.sample_rate, cut)


def gap_packet(header: Header, first: int, stop: int) -> Packet:
    """The mark of lost packets from number ``first`` to just before ``stop``."""
    return Packet(first, (stop - first) * header.packet_frames, None, count=stop - first)


def _final_packets(header: Header, expected: int) -> Iterator[Packet]:
    """What ends a file whose last packets are lost.

    Where the length is unknown, one frame more is marked as lost: the sound fades out in it.
    """
    size = header.packet_frames
    if header.samples is None:
        native = (expected * size + 1) * header.hop_length - header.delay
        samples = max(1, -(-native * header.sample_rate // header.native_rate))
        header = replace(header, samples=samples)
    frames = header.frames(header.samples or 0)
    last = max(0, frames - 1) // size
    if last > expected:
        yield gap_packet(header, expected, last)
    yield Packet(last, frames - last * size, None, StreamEnd(header.samples or 0, 0))


def _tags(data: memoryview, recovered: RecoveredHeader) -> Mapping[str, str]:
    """Tags that stand before the first packet."""
    for item in records(data, recovered.size, recovered.header.salt):
        if item.record.kind is not RecordKind.OPTIONAL:
            break
        if tags := parse_tags(item.record):
            return tags
    return NO_TAGS


@contextmanager
def _mapped(path: Path) -> Iterator[memoryview]:
    with open_file(path) as file:
        if path.stat().st_size == 0:
            raise FormatError(f"{path} is empty: name a file that `auricle compress` made")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
            yield view
