"""Where sounds lie, and which lie near each other."""

from dataclasses import dataclass
from typing import NamedTuple, Self, final

import numpy as np

from auricle.classify.features.scaling import Scaling

DIRECTIONS = 32
_QUERIES_AT_ONCE = 256


@final
@dataclass(frozen=True)
class WhitenedSpace:
    """Features to points on a sphere, where cosines say how alike sounds are.

    Standardised features are rotated onto their strongest directions, and each is divided by the square root of its
    deviation: half of what whitening does. Without it the first directions drown the others, with whitening the last
    ones, which are mostly noise, weigh as much as the first.

    Attributes:
        scaling: standardises and rotates.
        weight: float32 ``(r,)``, of each direction.
    """

    scaling: Scaling
    weight: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, *, directions: int = DIRECTIONS) -> Self:
        """Learn from features ``(files, d)``; from one sound nothing can be learned, and features count as they are."""
        if len(values) < 2:
            size = values.shape[1]
            plain = Scaling(np.zeros(size, np.float32), np.ones(size, np.float32), np.eye(size, dtype=np.float32))
            return cls(plain, np.ones(size, np.float32))
        scaling = Scaling.fit(values, directions=directions)
        deviation = scaling(values).std(0)
        largest = float(deviation.max(initial=0.0))
        weight = 1 / np.sqrt(np.maximum(deviation, 1e-3 * largest)) if largest > 0 else np.ones(len(deviation))
        return cls(scaling, weight.astype(np.float32))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Features ``(files, d)`` to points float32 ``(files, r)`` of length 1."""
        points = self.scaling(values) * self.weight
        return (points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)).astype(np.float32)


class Neighbours(NamedTuple):
    """Neighbours of some points, nearest first.

    Attributes:
        rows: their numbers, int64 ``(queries, k)``.
        cosines: float32 ``(queries, k)``, 1 for the same direction.
    """

    rows: np.ndarray
    cosines: np.ndarray

    @property
    def distances(self) -> np.ndarray:
        """Distances on the sphere, float64 ``(queries, k)``."""
        return np.sqrt(np.maximum(0.0, 2.0 - 2.0 * self.cosines.astype(np.float64)))


def nearest(points: np.ndarray, queries: np.ndarray, count: int) -> Neighbours:
    """The ``count`` points nearest to each query, by comparing with every point.

    Args:
        points: ``(files, r)`` of length 1.
        queries: ``(queries, r)`` of length 1.
        count: at most as many as there are points.
    """
    parts = [
        _nearest(points, queries[start : start + _QUERIES_AT_ONCE], count)
        for start in range(0, len(queries), _QUERIES_AT_ONCE)
    ]
    return Neighbours(np.concatenate([part.rows for part in parts]), np.concatenate([part.cosines for part in parts]))


def _nearest(points: np.ndarray, queries: np.ndarray, count: int) -> Neighbours:
    cosines = queries @ points.T
    rows = np.argpartition(-cosines, min(count, cosines.shape[1] - 1), axis=1)[:, :count]
    row_cosines = np.take_along_axis(cosines, rows, axis=1)
    order = np.lexsort((rows, -row_cosines), axis=1)
    return Neighbours(np.take_along_axis(rows, order, axis=1), np.take_along_axis(row_cosines, order, axis=1))
