"""What a sound is like every 5 ms: pitch, level, noise, and how long ago it began."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from auricle.synth.harmonic.analysis import HarmonicSound
from auricle.synth.harmonic.noise import SpectralBands, segments_at
from auricle.synth.harmonic.pitch import hop_samples

_AUDIBLE_DB = -40.0  # of a frame, below the loudest one
_SILENT_DB = -90.0
_RISE_DB, _RISE_FRAMES = 6.0, 4
_FALL_FRAMES, _FALL_SECONDS = 20, 0.1
_PIECE = 256


class FrameFacts(NamedTuple):
    """Of a sound, every 5 ms.

    Attributes:
        octaves: log2 of the pitch ``(n,)``; NaN where there is none.
        level_db: ``(n,)`` of all, below the loudest.
        noise: amplitudes ``(n, bands)`` of what is left without partials.
        power: mean square ``(n,)`` of all.
        age: seconds ``(n,)`` since the sound of the frame began.
    """

    octaves: np.ndarray
    level_db: np.ndarray
    noise: np.ndarray
    power: np.ndarray
    age: np.ndarray

    @property
    def audible(self) -> np.ndarray:
        """Whether each frame ``(n,)`` is within 40 dB of the loudest."""
        return self.level_db > _AUDIBLE_DB

    @property
    def tonal_share(self) -> float:
        """How many of the audible frames have a pitch."""
        return float(np.isfinite(self.octaves[self.audible]).mean())

    def falls(self) -> np.ndarray:
        """How fast the level falls, in dB a second, in each audible tenth of a second in which no sound begins."""
        if len(self.age) <= _FALL_FRAMES:
            return np.zeros(0)
        before, after = self.age[:-_FALL_FRAMES], self.age[_FALL_FRAMES:]
        goes_on = (before >= _FALL_SECONDS) & (after > before) & self.audible[:-_FALL_FRAMES]
        return (self.level_db[:-_FALL_FRAMES] - self.level_db[_FALL_FRAMES:])[goes_on] / _FALL_SECONDS


def frame_facts(sound: HarmonicSound, audio: np.ndarray) -> FrameFacts:
    """Measure a sound ``(c, t)`` and its parts, channels as one."""
    bands, frames = SpectralBands(sound.sample_rate), len(sound.pitch.hertz)
    noise = [
        bands.amplitudes(bands.spectra(segments_at(sound.residual, centres, bands.size)))
        for centres in _centres(frames, sound.sample_rate)
    ]
    power = frame_power(audio, sound.sample_rate, frames)
    level = 10 * np.log10(np.maximum(power / max(power.max(), 1e-12), 1e-9))
    octaves = np.where(sound.pitch.voiced, np.log2(np.maximum(sound.pitch.hertz, 1.0)), np.nan)
    return FrameFacts(octaves, level, np.concatenate(noise), power, _ages(level, sound.sample_rate))


def frame_power(audio: np.ndarray, sample_rate: int, frames: int) -> np.ndarray:
    """Mean square ``(n,)`` of a sound ``(c, t)`` in windows around its first frames, channels as one."""
    bands = SpectralBands(sample_rate)
    windowed = (segments_at(audio, centres, bands.size) * bands.window for centres in _centres(frames, sample_rate))
    return np.concatenate([2 * np.square(piece, dtype=np.float64).mean(axis=(0, 2)) for piece in windowed])


def _centres(frames: int, sample_rate: int) -> Iterator[np.ndarray]:
    """Samples in the middle of frames, piece by piece, so that memory is bounded."""
    hop = hop_samples(sample_rate)
    for start in range(0, frames, _PIECE):
        yield np.arange(start, min(start + _PIECE, frames)) * hop


def _ages(level_db: np.ndarray, sample_rate: int) -> np.ndarray:
    """Seconds ``(n,)`` since the level last rose as it does where a sound begins."""
    seconds = hop_samples(sample_rate) / sample_rate
    before = np.concatenate((np.full(_RISE_FRAMES, _SILENT_DB), level_db[:-_RISE_FRAMES]))[: len(level_db)]
    begins = (level_db - before >= _RISE_DB) & (level_db > _AUDIBLE_DB)
    frames = np.arange(len(level_db))
    latest = np.maximum.accumulate(np.where(begins, frames, -1))
    return np.where(latest < 0, frames, frames - latest) * seconds
