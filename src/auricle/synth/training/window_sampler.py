"""Windows of latents to train a prior on, a pure function of seed, step and shard."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from auricle.synth.priors.sizes import PAUSE_FRAMES
from auricle.synth.training.latent_cache import LatentCache

_POOL = 4
_UNSORTED = 0.25  # share of batches of sounds of any length
_SHORTEST = 8  # frames
_BEGINNINGS = (0.2, 0.8)  # least and largest share of windows that begin a sound


class Windows(NamedTuple):
    """A batch, as :meth:`auricle.synth.Prior.loss` takes it once it is standardised."""

    x: np.ndarray
    """float32 ``(b, n, features)``"""
    before: np.ndarray
    """float32 ``(b, features)``, the frame before the first one; silence where there is none."""
    label: np.ndarray
    """int64 ``(b,)``"""
    begin: np.ndarray
    """bool ``(b,)``"""
    size: np.ndarray
    """float32 ``(b, 2)``: seconds from the first frame to the sound's end, and the sound's level in dB; of notes ``(b,
    4)`` with note and velocity"""


@final
class WindowSampler:
    """Draws windows of latents.

    - A sound is drawn with a probability that grows with the root of its length beyond one window, and of each class
      with the root of its count: 600 kicks do not drown 40 claps, nor the other way round.
    - A sound that fits a window mostly begins it, and is followed by silence. Else the window begins somewhere inside
      and goes on into that silence.
    - Of a longer sound a window shows the beginning now and then, else any place, never its end: what is learned from
      it can go on for ever. Of notes it shows the end too: they are to end.
    - With ``multiple``, windows end soon after the longest sound of the batch does, which mostly has sounds of like
      length: nothing is spent on silence.

    Args:
        cache: the latents.
        labels: number of each sound's class, -1 for none.
        window: frames.
        batch: windows per batch.
        seed: 0 or more; the same seed and step give the same batch.
        frame_rate: frames per second.
        multiple: what lengths of windows are multiples of; None for windows that are all of full length.
        notes: float32 ``(sounds, 2)``, note and velocity of each, NaN for none; None where notes are not told.
    """

    def __init__(
        self,
        cache: LatentCache,
        labels: Sequence[int],
        *,
        window: int,
        batch: int,
        seed: int,
        frame_rate: float,
        multiple: int | None = None,
        notes: np.ndarray | None = None,
    ) -> None:
        assert len(labels) == len(cache), (len(labels), len(cache))
        self._cache, self._window, self._batch, self._seed = cache, window, batch, seed
        self._frame_rate, self._multiple, self._ends = frame_rate, multiple, notes is not None
        self._sizes = cache.sizes if notes is None else np.concatenate((cache.sizes, notes), 1)
        self._audible = np.ceil(cache.sizes[:, 0] * frame_rate).astype(np.int64) + PAUSE_FRAMES
        self._labels = np.array(labels, np.int64)
        weights = np.sqrt(np.maximum(cache.lengths, window).astype(np.float64))
        for label in np.unique(self._labels):
            members = self._labels == label
            weights[members] *= np.sqrt(members.sum()) / weights[members].sum()
        self._cumulative = np.cumsum(weights / weights.sum())

    @property
    def mean_frames(self) -> float:
        """Frames of sound in a window, on average, as far as all begin with their sounds."""
        weights = np.diff(self._cumulative, prepend=0.0)
        return float((weights * self._needed(np.arange(len(weights)), np.zeros(len(weights)))).sum())

    def batch(self, step: int, shard: int = 0) -> Windows:
        """Return the batch of training step ``step`` (0 or more); further processes have further shards."""
        random = np.random.Generator(np.random.PCG64([self._seed, step, shard]))
        if self._multiple is None:
            return self.windows(*self._draws(random, self._batch))
        if random.random() < _UNSORTED:
            indices, starts = self._draws(random, self._batch)
        else:
            indices, starts = self._draws(random, _POOL * self._batch)
            first = self._batch * int(random.integers(_POOL))
            alike = np.argsort(self._needed(indices, starts), kind="stable")[first : first + self._batch]
            indices, starts = indices[alike], starts[alike]
        frames = max(_SHORTEST, int(self._needed(indices, starts).max()))
        return self.windows(indices, starts, min(self._window, -(-frames // self._multiple) * self._multiple))

    def windows(
        self, indices: Sequence[int] | np.ndarray, starts: Sequence[int] | np.ndarray, frames: int = 0
    ) -> Windows:
        """Return the windows of sounds ``indices`` that begin at frames ``starts``, of full length or of ``frames``."""
        cache = self._cache
        places = list(zip(map(int, indices), map(int, starts), strict=True))
        before = [cache.crop(index, start - 1, 1)[0] if start else cache.silence for index, start in places]
        size = self._sizes[list(indices)].copy()
        size[:, 0] = np.maximum(size[:, 0] - np.array(starts) / self._frame_rate, 0.0)
        return Windows(
            np.stack([cache.crop(index, start, frames or self._window) for index, start in places]),
            np.stack(before),
            self._labels[list(indices)],
            np.array(starts) == 0,
            size,
        )

    def _needed(self, indices: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Frames of windows in which there is sound, with a pause after it."""
        return np.clip(self._audible[indices] - starts, 1, self._window)

    def _draws(self, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        indices, starts = zip(*(self._draw(random) for _ in range(count)), strict=True)
        return np.array(indices), np.array(starts)

    def _draw(self, random: np.random.Generator) -> tuple[int, int]:
        index = min(int(np.searchsorted(self._cumulative, random.random(), "right")), len(self._cache) - 1)
        length = int(self._cache.lengths[index])
        share = min(max(_BEGINNINGS[1] * self._window / length, _BEGINNINGS[0]), _BEGINNINGS[1])
        last = length - self._window if length > self._window and not self._ends else length
        if random.random() < share or last < 1:
            return index, 0
        return index, int(random.integers(1, last + 1))
