"""A Gaussian kernel of sounds, and regression on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, final

import numpy as np

from auricle.classify.features.scaling import mean_and_scale

_WIDTH = 0.25  # of the kernel; the squared distance of two sounds is about 2
_MOST_POINTS = 2048
_STEPS = 16.0  # of a stored point for a feature's deviation
_JITTER = 1e-4
_PIECE = 4096  # rows
_SEED = 0


@final
@dataclass(frozen=True, eq=False)
class KernelRegression:
    """A least-squares problem in kernel values of sounds and some of them, in which each class counts alike.

    Up to 2,048 sounds it is kernel ridge regression; of more, as many at random are the points that all are compared
    with (the Nyström method; Williams and Seeger, 2001).

    Attributes:
        mean: of features ``(d,)``.
        scale: what they are divided by ``(d,)``.
        points: int8 ``(n, d)``, in sixteenths of a deviation.
        root: lower triangular ``(n, n)``: its product with itself is the kernel of the points.
        gram: weighted products ``(n, n)`` of features, which are kernel values divided by ``root``.
        moments: weighted products ``(n, classes)`` of features and targets.
    """

    mean: np.ndarray
    scale: np.ndarray
    points: np.ndarray
    root: np.ndarray
    gram: np.ndarray
    moments: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, labels: np.ndarray, rows: np.ndarray, emphasis: np.ndarray | None = None) -> Self:
        """Of sounds ``(files, d)`` and class numbers ``(files,)``; ``rows`` are those that decide mean and scale, and
        may be points; ``emphasis`` is that of `mean_and_scale`."""
        from scipy.linalg import cholesky, solve_triangular

        mean, scale = (part.astype(np.float32) for part in mean_and_scale(values[rows], emphasis))
        if len(rows) > _MOST_POINTS:
            rows = np.random.default_rng(_SEED).choice(rows, _MOST_POINTS, replace=False)
        stored = _stored_points((values[rows] - mean) / scale)
        points = restored_points(stored)
        counts = np.bincount(labels)
        importance = len(labels) / (len(counts) * counts[labels])
        targets = np.eye(len(counts))[labels] - 1 / len(counts)
        root = cholesky(rbf_kernel(points, points) + _JITTER * np.eye(len(points)), lower=True)
        gram, moments = np.zeros((len(points), len(points))), np.zeros((len(points), len(counts)))
        for piece in row_pieces(len(values)):
            placed = (values[piece] - mean) / scale
            features = solve_triangular(root, rbf_kernel(points, placed), lower=True)
            weighted = features * importance[piece]
            gram += weighted @ features.T
            moments += weighted @ targets[piece]
        return cls(mean, scale, stored, root, gram, moments)

    def ridge(self, penalty: float) -> np.ndarray:
        """Weights ``(n, classes)`` of kernel values with the points."""
        from scipy.linalg import solve, solve_triangular

        weights = solve(self.gram + penalty * np.eye(len(self.gram)), self.moments, assume_a="pos")
        return solve_triangular(self.root, weights, lower=True, trans=1)


def rbf_kernel(placed: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Gaussian kernel, float64 ``(files, n)``, of ``(files, d)`` and points ``(n, d)``: 1 for a point itself, 0 far
    away."""
    squares = np.square(placed).sum(axis=1)[:, None] + np.square(points).sum(axis=1) - 2 * placed @ points.T
    return np.exp(-_WIDTH * np.maximum(squares, 0.0).astype(np.float64))


def restored_points(stored: np.ndarray) -> np.ndarray:
    """Points as sounds are scaled, float32 ``(n, d)``, of stored ones."""
    return stored.astype(np.float32) / np.float32(_STEPS * np.sqrt(stored.shape[1]))


def _stored_points(placed: np.ndarray) -> np.ndarray:
    steps = np.rint(placed * (_STEPS * np.sqrt(placed.shape[1])))
    return np.clip(steps, -127, 127).astype(np.int8)


def row_pieces(count: int) -> Iterator[slice]:
    """Slices of so many rows, at least one, so that memory is bounded."""
    return (slice(start, start + _PIECE) for start in range(0, max(count, 1), _PIECE))
