"""How loud a sound is, where it ends, and keeping it within full scale."""

from collections.abc import Callable, Iterable, Iterator
from math import log10
from typing import final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from auricle.errors import UnfitSoundError

CEILING = 10 ** (-0.1 / 20)
"""Largest sample that is written where a level was changed: 0.1 dB below full scale."""
SILENT = 10 ** (-60 / 20)
"""A sound whose largest sample is below this, 60 dB below full scale, counts as silent."""
_LEAST_AUDIBLE = 1e-6
"""Share of a sound's power: what varies less is direct current."""
_LOUDEST = 10 ** (1 / 20)
_MOST_BELOW_DB = 12.0
_LOOK_AHEAD_SECONDS = 0.005
_INAUDIBLE = 10 ** (-60 / 20)
_FADE_SECONDS = 0.03


@final
class SoundLevel:
    """Adds up what passes: samples, power and the largest magnitude.

    Attributes:
        peak: largest magnitude.
    """

    def __init__(self) -> None:
        self.peak = 0.0
        self._power, self._count = 0.0, 0
        self._sums = np.zeros(1)

    def add(self, block: np.ndarray) -> np.ndarray:
        """Take audio ``(c, t)`` and return it."""
        if block.size:
            self.peak = max(self.peak, float(np.abs(block).max()))
            self._power += float(np.square(block, dtype=np.float64).sum())
            self._sums = self._sums + block.sum(axis=1, dtype=np.float64)
            self._count += block.size
        return block

    @property
    def rms(self) -> float:
        """Root mean square over all samples of all channels; 0 for none."""
        return (self._power / self._count) ** 0.5 if self._count else 0.0

    @property
    def audible_rms(self) -> float:
        """The same of each channel about its own mean, for nobody hears direct current; ``rms`` of what is no more."""
        return (self._audible / self._count) ** 0.5 if not self.is_constant else self.rms

    @property
    def is_constant(self) -> bool:
        """Whether there is nothing but direct current, or nothing at all."""
        return self._audible <= _LEAST_AUDIBLE * self._power

    @property
    def _audible(self) -> float:
        """Sum of squares about each channel's mean."""
        return self._power - float(np.square(self._sums).sum()) * len(self._sums) / max(1, self._count)

    @property
    def silent(self) -> bool:
        """Whether nothing reached 60 dB below full scale."""
        return self.peak < SILENT


def level_of(audio: np.ndarray) -> SoundLevel:
    """The level of a sound ``(c, t)`` that is all at hand."""
    level = SoundLevel()
    level.add(audio)
    return level


LevelCheck = Callable[[SoundLevel], None]
"""Raises `UnfitSoundError` for a level at which a sound is not to be used."""


def accept_any(level: SoundLevel) -> None:
    """Refuse nothing."""


def refuse_silent(level: SoundLevel) -> None:
    """Refuse what can't be heard."""
    if level.silent:
        raise UnfitSoundError("nothing can be heard in the sound that was made")


def refuse_loud(level: SoundLevel) -> None:
    """Refuse what can't be heard as well as what would have to be turned down by more than 1 dB to be written."""
    refuse_silent(level)
    if level.peak > _LOUDEST:
        raise UnfitSoundError(f"the sound that was made is {decibels(level.peak):.1f} dB over full scale")


def refuse_other_level(level: SoundLevel, requested_db: float) -> None:
    """Refuse what `refuse_loud` does, and what is 12 dB below the level that a prior was told: something is missing.

    Args:
        level: of what was made.
        requested_db: the largest sample that was asked of the prior, in dB below full scale.
    """
    refuse_loud(level)
    if decibels(level.peak) < requested_db - _MOST_BELOW_DB:
        raise UnfitSoundError(f"the sound that was made is {requested_db - decibels(level.peak):.0f} dB too quiet")


def matching_gain(rms: float, level: SoundLevel) -> float:
    """Factor that gives a sound the level ``rms``, or less where it would clip; 1 where it is silent."""
    if level.rms == 0.0:
        return 1.0
    return min(rms / level.rms, CEILING / level.peak)


def audible_gain(source: SoundLevel, level: SoundLevel) -> float:
    """Factor that gives a sound what is heard of the level of ``source``, or less where it would clip."""
    return matching_gain(source.audible_rms * level.rms / max(level.audible_rms, 1e-12), level)


def decibels(factor: float) -> float:
    """20 log10 of a factor; -120 for 0."""
    return 20 * log10(max(abs(factor), 1e-6))


@final
class Limiter:
    """Keeps samples within full scale, with 5 ms of look-ahead; what stays within it passes unchanged.

    The gain at each sample is the mean, over the look-ahead, of the least gain that any sample near by needs. So
    it changes smoothly and no sample exceeds the ceiling. All channels get the same gain. Memory is that of the
    look-ahead.

    Args:
        channels: c.
        sample_rate: in Hz.

    Attributes:
        reduction: the smallest factor used so far.
    """

    def __init__(self, channels: int, sample_rate: int) -> None:
        self._ahead = max(1, round(_LOOK_AHEAD_SECONDS * sample_rate))
        self._waiting = np.zeros((channels, self._ahead), np.float32)
        self._needs = np.ones(2 * self._ahead - 1)
        self._skip = self._ahead
        self.reduction = 1.0

    def push(self, block: np.ndarray) -> np.ndarray:
        """Take float32 ``(c, t)``; return what is ready, 5 ms behind."""
        size, ahead = block.shape[1], self._ahead
        if size == 0:
            return block
        needs = np.concatenate((self._needs, _required_gain(block)))
        joined = np.concatenate((self._waiting, block), axis=1)
        ready, self._waiting, self._needs = joined[:, :size], joined[:, size:], needs[size:]
        if needs.min() < 1.0:
            least = sliding_window_view(needs, ahead + 1).min(axis=1)  # of each sample and those ahead of it
            gain = sliding_window_view(least, ahead).mean(axis=1)
            ready = ready * gain.astype(np.float32)
            self.reduction = min(self.reduction, float(gain.min()))
        cut = min(self._skip, size)
        self._skip -= cut
        return ready[:, cut:]

    def flush(self) -> np.ndarray:
        return self.push(np.zeros_like(self._waiting))


def _required_gain(block: np.ndarray) -> np.ndarray:
    """The factor that each moment of ``(c, t)`` needs, 1 where it is within full scale."""
    magnitude = np.abs(block).max(axis=0).astype(np.float64)
    return np.where(magnitude > 1.0, CEILING / np.maximum(magnitude, 1.0), 1.0)


def limit_blocks(blocks: Iterable[np.ndarray], limiter: Limiter) -> Iterator[np.ndarray]:
    """Blocks ``(c, t)`` kept within full scale."""
    for block in blocks:
        yield limiter.push(block)
    yield limiter.flush()


def trim_trailing_silence(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Audio ``(c, t)`` up to 30 ms after the last sample that is within 60 dB of its largest one; these fade out."""
    loudness = np.abs(audio).max(axis=0, initial=0.0)
    audible = np.flatnonzero(loudness > _INAUDIBLE * loudness.max(initial=0.0))
    fade = round(_FADE_SECONDS * sample_rate)
    if not len(audible) or audible[-1] + 1 + fade >= audio.shape[1]:
        return audio
    cut = audio[:, : audible[-1] + 1 + fade].copy()
    cut[:, -fade:] *= (0.5 + 0.5 * np.cos(np.pi * (np.arange(fade) + 1) / fade)).astype(np.float32)
    return cut
