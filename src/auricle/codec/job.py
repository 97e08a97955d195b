"""One run of ``compress``: choices made once, then as many passes over the source as they need."""

from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import final

from auricle.audio import AudioReader, info
from auricle.codec.compress import Progress
from auricle.codec.encoding import FileEncoder, RateMeter, header_for, tables_of
from auricle.codec.header import STEPS_PER_LEVEL, Header
from auricle.codec.rotation import fitted_angles
from auricle.codec.sampling import count_samples, stretches
from auricle.codec.streams import LatentEncoder
from auricle.errors import OptionError
from auricle.model import Autoencoder, load

SPEECH_RATE = 24_000
"""Sounds up to this rate in Hz go to the speech model unless one is named."""
_CAUTION = 0.99
"""Where the size is only estimated, this share of the allowed bytes is aimed at."""


@final
@dataclass(frozen=True)
class Job:
    """What is known before the first packet. ``header`` holds the quality step that was asked for."""

    source: Path
    samples: int
    model: Autoencoder
    header: Header
    on_progress: Progress | None

    @staticmethod
    def prepare(
        source: Path,
        model: Autoencoder | Path | str | None,
        quality: float | None,
        on_progress: Progress | None,
    ) -> "Job":
        """Look at the source, load the model, and settle the header.

        Raises:
            AudioError: the source can't be read.
            ModelError: the model is unknown or can't compress.
            OptionError: the quality is not on the model's dial.
        """
        sound = info(source)
        if model is None:
            model = "speech" if sound.sample_rate <= SPEECH_RATE else "music"
        loaded = model if isinstance(model, Autoencoder) else load(model)
        step = _step(quality, tables_of(loaded).last_step)
        samples = count_samples(source)
        blocks = (piece.audio for piece in stretches(source, samples))
        angles = fitted_angles(blocks, sound.channels)
        header = header_for(loaded, sample_rate=sound.sample_rate, channels=sound.channels, angles=angles, step=step)
        return Job(source, samples, loaded, header, on_progress)

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.samples / self.header.sample_rate

    def write(self, target: Path, step: int | None = None) -> None:
        """Write the file at a quality step, the header's by default."""
        header = self.header if step is None else replace(self.header, quality_step=step)
        done = 0
        with target.open("wb") as file, AudioReader(self.source) as reader:
            latents = LatentEncoder(self.model, header)
            encoder = FileEncoder(self.model, header, file)
            for block in reader.blocks(reader.sample_rate):
                encoder.push(latents.push(block))
                done += block.shape[1]
                self._tell(done)
            encoder.push(latents.finish())
            encoder.finish(done)

    def write_within(self, target: Path, kbps: float) -> None:
        """Write the file at the highest step that keeps it within a bitrate, or at step 0.

        The size of a long file is estimated from stretches of it. Where the estimate was too low, the file is written
        again at a lower step.
        """
        meter = RateMeter(self.model, self.header, self.source, self.samples)
        limit = 125.0 * kbps * self.seconds
        if meter.exact:
            target.write_bytes(meter.file(meter.highest_step(limit)))
            self._tell(self.samples)
            return
        step = meter.highest_step(limit * _CAUTION)
        self.write(target, step)
        while step > 0 and (size := target.stat().st_size) > limit:
            step = min(step - 1, meter.highest_step(limit * meter.size(step) / size))
            self.write(target, step)

    def _tell(self, samples: int) -> None:
        if self.on_progress:
            self.on_progress(samples / self.header.sample_rate, self.seconds)


def _step(quality: float | None, last: int) -> int:
    """The step nearest to a quality; the middle of the dial for None."""
    if quality is None:
        return last // 2
    highest = last / STEPS_PER_LEVEL
    if not (isfinite(quality) and 0 <= quality <= highest):
        raise OptionError(f"a quality of {quality}: this model's dial runs from 0 to {highest:g}")
    return round(quality * STEPS_PER_LEVEL)
