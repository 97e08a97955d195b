"""Bootstrap intervals."""

from collections.abc import Sequence

import numpy as np

from auricle.bench.scoring.results import Estimate

_DRAWS = 4000


def bootstrap(values: Sequence[float], weights: Sequence[float] | None = None, *, seed: int = 0) -> Estimate | None:
    """Percentile bootstrap (Efron, 1979), 4000 draws, of a mean or of a ratio of sums; None for no values.

    Args:
        values: one for each file, which are drawn with replacement.
        weights: what the values are divided by after both were added up, such as lengths; by default 1 each.
        seed: decides the draws.
    """
    if not values:
        return None
    above = np.asarray(values, np.float64)
    below = np.ones_like(above) if weights is None else np.asarray(weights, np.float64)
    draws = np.random.Generator(np.random.PCG64(seed)).integers(0, above.size, (_DRAWS, above.size))
    ratios = above[draws].sum(axis=1) / below[draws].sum(axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return Estimate(float(above.sum() / below.sum()), float(low), float(high))
