"""Figures of a set of sounds beside a reference, with their intervals."""

from collections.abc import Sequence
from dataclasses import fields
from typing import final

import numpy as np

from auricle.bench.synthesis.results import Comparison, Figure
from auricle.metrics.sets import (
    FEWEST,
    SCALE,
    Gaussian,
    Manifold,
    fad_infinity,
    frechet_distance,
    gaussian_kernel,
    manifold,
    mean_distance,
    median_distance,
    squared_distances,
    unbiased_mmd,
)

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


def with_half_spread(value: float, of_halves: np.ndarray) -> Figure:
    """The figure of the whole with the spread of those of the halves, ``(draws,)``."""
    spread = np.asarray(of_halves) - np.mean(of_halves)
    low, high = np.quantile(spread, (0.025, 0.975))
    return Figure(float(value), float(value - high), float(value - low))


@final
class SetDistance:
    """Measures sets against one reference, of which everything is computed once.

    Args:
        reference: embeddings ``(n, d)``, n at least 10.
        seed: decides the order of sounds and the half samples.
    """

    def __init__(self, reference: np.ndarray, seed: int) -> None:
        self._reference, self._seed = reference, seed
        self._squares = squared_distances(reference, reference)
        self._bandwidth = median_distance(reference)
        self._kernel = np.exp(self._squares / (-2.0 * self._bandwidth**2))
        self._gaussian = Gaussian.of(reference)

    def compare(self, name: str, values: np.ndarray) -> Comparison:
        """Compare a set ``(m, d)``, m at least 10."""
        squares = squared_distances(values, values)
        shapes = self._manifold(squares, values)
        parts = halves((len(values),), self._seed, few=True)[0]
        spread = np.array([mean_distance(squares[np.ix_(part, part)]) for part in parts])
        return Comparison(
            set=name,
            sounds=len(values),
            reference=len(self._reference),
            kad=self._kad(values),
            fad=frechet_distance(self._gaussian, Gaussian.of(values)),
            fad_infinity=self._fad_infinity(values),
            diversity=with_half_spread(mean_distance(squares), spread),
            **shapes,
        )

    def _kad(self, values: np.ndarray) -> Figure:
        kernels = (
            self._kernel,
            gaussian_kernel(values, values, self._bandwidth),
            gaussian_kernel(self._reference, values, self._bandwidth),
        )
        parts = halves((len(self._reference), len(values)), self._seed)
        return with_half_spread(SCALE * float(unbiased_mmd(*kernels)[0]), SCALE * unbiased_mmd(*kernels, *parts))

    def _fad_infinity(self, values: np.ndarray) -> Figure | None:
        if len(values) < 2 * FEWEST:
            return None
        parts = halves((len(self._reference), len(values)), self._seed, few=True)
        spread = np.array(
            [
                fad_infinity(self._reference[first], values[second], seed=self._seed).value
                for first, second in zip(*parts, strict=True)
            ]
        )
        return with_half_spread(fad_infinity(self._gaussian, values, seed=self._seed).value, spread)

    def _manifold(self, squares: np.ndarray, values: np.ndarray) -> dict[str, Figure]:
        between = squared_distances(self._reference, values)
        complete = manifold(self._squares, squares, between)
        if min(between.shape) < 4 * FEWEST:  # a half would have other neighbourhoods altogether
            return {field.name: Figure(getattr(complete, field.name)) for field in fields(Manifold)}
        parts = halves(between.shape, self._seed, few=True)
        manifolds = [
            manifold(
                self._squares[np.ix_(rows, rows)], squares[np.ix_(columns, columns)], between[np.ix_(rows, columns)]
            )
            for rows, columns in zip(*parts, strict=True)
        ]
        of_halves = {
            field.name: np.array([getattr(half, field.name) for half in manifolds]) for field in fields(Manifold)
        }
        return {name: with_half_spread(getattr(complete, name), figures) for name, figures in of_halves.items()}
