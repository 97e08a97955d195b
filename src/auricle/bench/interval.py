"""Bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

_DRAWS = 4000


@final
@dataclass(frozen=True)
class Interval:
    """A mean and the bounds between which it lies with a probability of 95 %."""

    mean: float
    low: float
    high: float

    def text(self, digits: int) -> str:
        """Such as ``2.14 (2.01-2.27)``."""
        return f"{self.mean:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def bootstrap(values: Sequence[float], *, seed: int = 0) -> Interval | None:
    """Percentile bootstrap of a mean (Efron, 1979), 4000 draws; None for no values.

    Args:
        values: one for each file, which are drawn with replacement.
        seed: decides the draws.
    """
    if not values:
        return None
    known = np.asarray(values, np.float64)
    random = np.random.Generator(np.random.PCG64(seed))
    means = known[random.integers(0, known.size, (_DRAWS, known.size))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(known.mean()), float(low), float(high))
