"""Tell whether an .aur file is what was written."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from auricle.codec.format.container import Packet, PacketReader, open_file
from auricle.codec.format.header import SampleSpan
from auricle.errors import FormatError
from auricle.options.coding import ReadLimits

if TYPE_CHECKING:
    from auricle.model import Autoencoder


@final
@dataclass(frozen=True)
class VerifyResult:
    """A file whose every byte is as it was written.

    Attributes:
        path: the file.
        bytes: its size.
        packets: how many, without lost ones.
        samples: length of the sound, per channel.
        sample_rate: in Hz.
        lost: spans in samples that a repair has marked as lost.
        codes: whether the codes were decoded too and are those that were written.
    """

    path: Path
    bytes: int
    packets: int
    samples: int
    sample_rate: int
    lost: tuple[SampleSpan, ...]
    codes: bool


def verify(
    path: Path | str, *, model: "Autoencoder | Path | str | None" = None, limits: ReadLimits = ReadLimits()
) -> VerifyResult:
    """Check every byte of an .aur file by its checksums. No model is needed; any single wrong bit is found.

    Args:
        path: the file.
        model: the model that made it: then the codes are decoded as well, and compared with the hash of those written.
        limits: what a file may claim if its codes are decoded; by default 12 hours, and a second of sound per byte.

    Raises:
        FormatError: it is missing, not an .aur file, damaged or cut short, or claims more than the limits allow.
        ModelError: the model is not the one that made the file.
    """
    path = Path(path)
    with open_file(path) as file:
        reader = PacketReader(file, path)
        checker = None if model is None else _CodeChecker(reader, model, limits)
        lost: list[SampleSpan] = []
        count = samples = 0
        for packet in reader.packets():
            if packet.payload is None:
                begin = packet.sequence * reader.header.packet_frames
                lost.append(reader.header.span(begin, begin + packet.frames))
            else:
                count += 1
            if checker is not None:
                checker.check(packet)
            samples = packet.end.samples if packet.end else 0
        size = reader.size
    spans = tuple(SampleSpan(first, min(stop, samples)) for first, stop in lost)
    return VerifyResult(path, size, count, samples, reader.header.sample_rate, spans, checker is not None and not lost)


@final
class _CodeChecker:
    def __init__(self, reader: PacketReader, model: "Autoencoder | Path | str", limits: ReadLimits):
        from auricle.codec.coding.decoder import check_header, find_model  # loads torch
        from auricle.codec.coding.encoder import require_tables
        from auricle.codec.coding.entropy_coder import PacketCoder

        loaded = find_model(reader.name, reader.header, model, any_decoder=True)
        check_header(reader.name, reader.header, loaded)
        self._reader, self._limits, self._lost, self._checksum = reader, limits, False, 0
        self._coder = PacketCoder(require_tables(loaded).at(reader.header.quality_step))

    def check(self, packet: Packet) -> None:
        from auricle.codec.coding.entropy_coder import codes_checksum

        header = self._reader.header
        frames = packet.sequence * header.packet_frames + packet.frames
        self._limits.check(frames * header.hop_length / header.native_rate, self._reader.size)
        if packet.payload is None:
            self._lost = True
            return
        (codes,) = self._coder.decode([packet.payload], self._reader.header.channels, packet.frames)
        self._checksum = codes_checksum(codes, self._checksum)
        if packet.end is not None and not self._lost and packet.end.codes_checksum != self._checksum:
            raise FormatError(f"{self._reader.name}: its codes are not those that were written: get it again")
