"""One run of ``compress``: choices made once, then as many passes over the source as they need."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, final

from auricle.codec.coding.encoder import RateMeter, SoundEncoder, header_for, quality_step
from auricle.codec.format.channel_rotation import fitted_angles
from auricle.codec.format.container import Packet, Writer
from auricle.codec.format.header import Header
from auricle.codec.source import Source
from auricle.model import Autoencoder, default_model, load
from auricle.options.coding import CompressOptions
from auricle.progress import OnProgress, Progress

_CAUTION = 0.99
"""Where the size is only estimated, this share of the allowed bytes is aimed at."""


@final
@dataclass(frozen=True)
class Written:
    """What was written: bytes, samples per channel, and the quality step."""

    bytes: int
    samples: int
    step: int


@final
@dataclass(frozen=True)
class Job:
    """What is known before the first packet. ``header`` holds the quality step that was asked for."""

    source: Source
    model: Autoencoder
    header: Header
    on_progress: OnProgress

    @staticmethod
    def prepare(
        source: Source,
        model: Autoencoder | Path | str | None,
        *,
        quality: float | None,
        options: CompressOptions,
        on_progress: OnProgress,
    ) -> "Job":
        """Load the model and settle the header.

        Raises:
            AudioError: the source can't be read.
            ModelError: the model is unknown or can't compress.
            OptionError: the quality is not on the model's dial, or another choice is out of range.
        """
        if model is None:
            model = default_model(source.sample_rate)
        loaded = model if isinstance(model, Autoencoder) else load(model)
        header = header_for(
            loaded,
            sample_rate=source.sample_rate,
            channels=source.channels,
            angles=fitted_angles(source.head, source.channels),
            step=quality_step(loaded, quality),
            options=options,
            samples=source.samples,
        )
        return Job(source, loaded, header, on_progress)

    def write(self, file: BinaryIO, *, amend: bool) -> Written:
        """Write the file at the header's quality step, in one pass."""
        return self._write(file, self.header.quality_step, self._coded(self.header.quality_step), amend=amend)

    def write_within(self, file: BinaryIO, kbps: float, *, amend: bool) -> Written:
        """Write the file at the highest step that keeps it within a bitrate, or at step 0.

        The size of a long file is estimated from stretches of it. Where the estimate was too low, the file is written
        again at a lower step. Of a pipe the first minute is looked at, and it is written once.
        """
        meter = RateMeter(self.model, self.header, self.source.pieces(), self.source.samples, self.source.tags)
        limit = 125.0 * kbps * meter.samples / self.header.sample_rate
        aim = limit if meter.exact else limit * _CAUTION
        step = meter.highest_step(aim)
        coded = meter.packets(step) if self.source.whole else self._coded(step)
        written = self._write(file, step, coded, amend=amend)
        while self.source.again and written.step > 0 and written.bytes > limit:
            again = min(written.step - 1, meter.highest_step(limit * meter.size(written.step) / written.bytes))
            file.seek(0)
            file.truncate()
            written = self._write(file, again, self._coded(again), amend=amend)
        return written

    def _coded(self, step: int) -> Iterator[Packet]:
        encoder = SoundEncoder(self.model, replace(self.header, quality_step=step))
        done = 0
        for block in self.source.blocks():
            yield from encoder.push(block)
            done += block.shape[1]
            self._report(done)
        yield from encoder.finish()

    def _write(self, file: BinaryIO, step: int, packets: Iterator[Packet], *, amend: bool) -> Written:
        writer = Writer(file, replace(self.header, quality_step=step), self.source.tags, amend=amend)
        samples = 0
        for packet in packets:
            writer.write(packet)
            samples = packet.end.samples if packet.end else 0
        self._report(samples)
        return Written(writer.size, samples, step)

    def _report(self, samples: int) -> None:
        rate = self.header.sample_rate
        self.on_progress(Progress("compressing", samples / rate, (self.source.samples or 0) / rate, "s"))
