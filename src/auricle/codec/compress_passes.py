"""One run of ``compress``: choices made once, then as many passes over the source as they need."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO, final

from auricle.codec.coding.channel_fit import ChannelFit, fit_channels
from auricle.codec.coding.encoder import Rounding, SoundEncoder, SourceInfo, make_header, quality_step
from auricle.codec.coding.size_estimator import SizeEstimator
from auricle.codec.format.channel_rotation import default_angles
from auricle.codec.format.container import Packet, PacketWriter
from auricle.codec.format.header import SALT_BYTES, Header
from auricle.codec.format.record import crc
from auricle.codec.source import SoundSource
from auricle.model import Autoencoder, default_model, load
from auricle.options.coding import CompressOptions
from auricle.progress import OnProgress, Progress

_NO_SALT = bytes(SALT_BYTES)  # until the first packet is there
_ESTIMATE_MARGIN = 0.99
"""Where the size is only estimated, this share of the allowed bytes is aimed at."""
_TOO_FEW = 0.95
"""A file that was written with less than this share of the allowed bytes is written once more, at a higher step."""
_LEAST_WAITING = 1.0
"""Stereo in packets of less than so many seconds goes to somebody who listens: its first minute is not waited for."""


@final
@dataclass(frozen=True)
class WrittenFile:
    """What was written: bytes, samples per channel, and the quality step."""

    bytes: int
    samples: int
    step: int


@final
@dataclass(frozen=True)
class CompressJob:
    """What is known before the first packet. ``header`` holds the quality step that was asked for."""

    source: SoundSource
    model: Autoencoder
    header: Header
    on_progress: OnProgress

    @staticmethod
    def prepare(
        source: SoundSource,
        model: Autoencoder | Path | str | None,
        *,
        quality: float | None,
        options: CompressOptions,
        on_progress: OnProgress,
    ) -> "CompressJob":
        """Load the model and settle the header.

        Raises:
            AudioError: the source can't be read.
            ModelError: the model is unknown or can't compress.
            OptionError: the quality is not on the model's dial, or another choice is out of range.
        """
        if model is None:
            model = default_model(source.sample_rate)
        loaded = model if isinstance(model, Autoencoder) else load(model)
        header = make_header(
            loaded,
            sample_rate=source.sample_rate,
            channels=source.channels,
            fit=_channel_fit(source, loaded.config.noise_from, options.packet_seconds),
            step=quality_step(loaded, quality),
            options=options,
            source=SourceInfo(_NO_SALT, source.samples, source.source_samples),
        )
        return CompressJob(source, loaded, header, on_progress)

    def write(self, file: BinaryIO, kbps: float | None, *, seekable: bool) -> WrittenFile:
        """Write the file at the header's quality step in one pass, or within a bitrate."""
        if kbps is not None:
            return self._write_within(file, kbps, seekable=seekable)
        rounding = Rounding(self.header.quality_step)
        return self._write(file, rounding.step, self._packets(rounding), seekable=seekable)

    def _write_within(self, file: BinaryIO, kbps: float, *, seekable: bool) -> WrittenFile:
        """Write the best file that stays within a bitrate, or one at step 0.

        The size of a long file is estimated from excerpts of it. Where the estimate was too low, the file is written
        again at a lower step; where it was far too high, at a higher one. Of a pipe the first minute is looked at, and
        it is written once.
        """
        source = self.source
        estimator = SizeEstimator(self.model, self.header, source.excerpts(), source.samples, source.tags)
        limit = 125.0 * kbps * estimator.samples / self.header.sample_rate
        target_bytes = limit if estimator.exact else limit * _ESTIMATE_MARGIN
        rounding = estimator.best_within(target_bytes)
        packets = iter(estimator.packets(rounding)) if source.is_short else self._packets(rounding)
        result = self._write(file, rounding.step, packets, seekable=seekable)

        def corrected(limit: float) -> int:
            """The step that fits, now that it is known how far the estimate was off."""
            return estimator.best_within(limit * estimator.size(Rounding(result.step)) / result.bytes).step

        if source.rereadable and not estimator.exact and result.bytes < _TOO_FEW * limit:
            higher = corrected(target_bytes)
            if higher > result.step:
                result = self._write_again(file, higher, seekable=seekable)
        while source.rereadable and result.step > 0 and result.bytes > limit:
            lower = min(result.step - 1, corrected(limit))
            result = self._write_again(file, lower, seekable=seekable)
        return result

    def _write_again(self, file: BinaryIO, step: int, *, seekable: bool) -> WrittenFile:
        file.seek(0)
        file.truncate()
        return self._write(file, step, self._packets(Rounding(step)), seekable=seekable)

    def _packets(self, rounding: Rounding) -> Iterator[Packet]:
        header = replace(self.header, quality_step=rounding.step)
        encoder = SoundEncoder(self.model, header, rounding.deadzone)
        samples = 0
        for block in self.source.blocks():
            yield from encoder.push(block)
            samples += block.shape[1]
            self._report(samples)
        yield from encoder.finish()

    def _write(self, file: BinaryIO, step: int, packets: Iterator[Packet], *, seekable: bool) -> WrittenFile:
        first = next(packets)
        header = replace(self.header, quality_step=step, salt=crc(first.payload or b""))
        writer = PacketWriter(file, header, self.source.tags, seekable=seekable)
        samples = 0
        for packet in chain((first,), packets):
            writer.write(packet)
            samples = packet.end.samples if packet.end else 0
        self._report(samples)
        return WrittenFile(writer.size, samples, step)

    def _report(self, samples: int) -> None:
        rate = self.header.sample_rate
        self.on_progress(Progress("compressing", samples / rate, (self.source.samples or 0) / rate, "s"))


def _channel_fit(source: SoundSource, noise_from: float, packet_seconds: float) -> ChannelFit:
    """How the channels are coded: the same for a file and a pipe."""
    if source.channels == 2 and packet_seconds < _LEAST_WAITING:
        return ChannelFit(default_angles(source.channels), 0)
    return fit_channels(source.first_minute, source.channels, source.sample_rate, noise_from)
