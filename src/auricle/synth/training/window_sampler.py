"""Windows of latents to train a prior on, a pure function of seed, step and shard."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from auricle.synth.training.latent_cache import LatentCache

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


@final
class WindowSampler:
    """Draws windows of latents.

    - A sound is drawn with a probability that grows with the root of its length beyond one window, and of each class
      with the root of its count: 600 kicks do not drown 40 claps, nor the other way round.
    - A sound that fits a window mostly begins it, and is followed by silence. Else the window begins somewhere inside
      and goes on into that silence.
    - Of a longer sound a window shows the beginning now and then, else any place, never its end: what is learned from
      it can go on for ever.

    Args:
        cache: the latents.
        labels: number of each sound's class, -1 for none.
        window: frames.
        batch: windows per batch.
        seed: 0 or more; the same seed and step give the same batch.
    """

    def __init__(self, cache: LatentCache, labels: Sequence[int], *, window: int, batch: int, seed: int) -> None:
        assert len(labels) == len(cache), (len(labels), len(cache))
        self._cache, self._window, self._batch, self._seed = cache, window, batch, seed
        self._labels = np.array(labels, np.int64)
        weights = np.sqrt(np.maximum(cache.lengths, window).astype(np.float64))
        for label in np.unique(self._labels):
            members = self._labels == label
            weights[members] *= np.sqrt(members.sum()) / weights[members].sum()
        self._cumulative = np.cumsum(weights / weights.sum())

    def batch(self, step: int, shard: int = 0) -> Windows:
        """Return the batch of training step ``step`` (0 or more); further processes have further shards."""
        random = np.random.Generator(np.random.PCG64([self._seed, step, shard]))
        indices, starts = zip(*(self._draw(random) for _ in range(self._batch)), strict=True)
        return self.windows(indices, starts)

    def windows(self, indices: Sequence[int], starts: Sequence[int]) -> Windows:
        """Return the windows of sounds ``indices`` that begin at frames ``starts``."""
        cache, places = self._cache, list(zip(indices, starts, strict=True))
        before = [cache.crop(index, start - 1, 1)[0] if start else cache.silence for index, start in places]
        return Windows(
            np.stack([cache.crop(index, start, self._window) for index, start in places]),
            np.stack(before),
            self._labels[list(indices)],
            np.array(starts) == 0,
        )

    def _draw(self, random: np.random.Generator) -> tuple[int, int]:
        index = min(int(np.searchsorted(self._cumulative, random.random(), "right")), len(self._cache) - 1)
        length = int(self._cache.lengths[index])
        share = min(max(_BEGINNINGS[1] * self._window / length, _BEGINNINGS[0]), _BEGINNINGS[1])
        last = length - self._window if length > self._window else length
        if random.random() < share or last < 1:
            return index, 0
        return index, int(random.integers(1, last + 1))
