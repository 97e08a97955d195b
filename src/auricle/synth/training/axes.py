"""Principal axes of latents: in how many dimensions sounds live."""

from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.synth.training.latent_cache import LatentCache

EXPLAINED = 0.99
"""Share of the variance of standardised latents that the axes explain."""
_MOST_FRAMES = 100_000
_FLAT = 1e-2


@final
@dataclass(frozen=True, eq=False)
class LatentAxes:
    """Orthonormal axes of standardised latents, the widest first.

    Attributes:
        axes: float32 ``(features, k)``.
        spread: float32 ``(k,)``, the deviation along each.
    """

    axes: np.ndarray
    spread: np.ndarray


def principal_axes(cache: LatentCache, explained: float = EXPLAINED) -> LatentAxes:
    """As few axes as explain a share of the variance of the frames, of at most 100,000 that lie evenly in the corpus.

    Features are standardised as `Prior.fit_scale` does, so that those that hardly vary are not blown up.
    """
    deviation = np.maximum(cache.deviation, _FLAT * cache.deviation.max() + 1e-8)
    stride = max(1, int(cache.lengths.sum()) // _MOST_FRAMES)
    covariance, count = np.zeros((cache.features, cache.features)), 0
    for index in range(0, len(cache), stride):
        frames = (cache.crop(index, 0, int(cache.lengths[index])) - cache.mean) / deviation
        covariance, count = covariance + frames.T.astype(np.float64) @ frames, count + len(frames)
    variances, axes = np.linalg.eigh(covariance / max(1, count))
    variances, axes = np.maximum(variances[::-1], 1e-12), axes[:, ::-1]
    needed = int(np.searchsorted(np.cumsum(variances) / variances.sum(), explained)) + 1
    needed = min(needed, len(variances))
    return LatentAxes(axes[:, :needed].astype(np.float32), np.sqrt(variances[:needed]).astype(np.float32))
