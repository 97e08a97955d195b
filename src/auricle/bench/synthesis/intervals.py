"""Intervals by half samples."""

from collections.abc import Sequence

import numpy as np

from auricle.bench.synthesis.results import Figure

DRAWS = 100
_FEW_DRAWS = 40
"""For what takes long."""


def halves(sizes: Sequence[int], seed: int, *, few: bool = False) -> list[np.ndarray]:
    """For each set, random halves without repetition: bool ``(draws, n)``.

    A half differs from the whole as the whole differs from endlessly many: the spread of a figure over halves is its
    spread over samples (half-sampling: McCarthy, 1969; Politis, Romano and Wolf, 1999). Drawing with repetition would
    put copies into a set, which kernels, neighbours and covariances take for real.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    draws = _FEW_DRAWS if few else DRAWS
    ranks = [random.random((draws, size)).argsort(axis=1).argsort(axis=1) for size in sizes]
    return [rank < size // 2 for rank, size in zip(ranks, sizes, strict=True)]


def around(value: float, of_halves: np.ndarray) -> Figure:
    """The figure of the whole with the spread of those of the halves, ``(draws,)``."""
    spread = np.asarray(of_halves) - np.mean(of_halves)
    low, high = np.quantile(spread, (0.025, 0.975))
    return Figure(float(value), float(value - high), float(value - low))
