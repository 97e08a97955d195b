"""Features to coordinates that a probe can work with: standardised, and turned into few that matter."""

from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np

_MIN_DEVIATION = 1e-3  # of the median deviation: a feature that hardly moves must not become noise
_MIN_POWER = 1e-5  # of the largest eigenvalue: directions below are rounding


@final
@dataclass(frozen=True)
class Scaling:
    """Standardise, then rotate onto the principal directions of what was seen.

    Attributes:
        mean: float32 ``(d,)``.
        scale: float32 ``(d,)``, what standardised values are divided by.
        rotation: float32 ``(d, r)``, orthogonal columns, of length 1 unless they are `stretched`.
    """

    mean: np.ndarray
    scale: np.ndarray
    rotation: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, *, directions: int | None = None, emphasis: np.ndarray | None = None) -> Self:
        """Learn from ``(files, d)``; keep all directions there are, or the ``directions`` with the largest variance.
        ``emphasis`` is that of `mean_and_scale`.

        With all of them distances and linear probes are those of the standardised features, at the price of
        ``min(files, d)`` coordinates.
        """
        mean, scale = mean_and_scale(values, emphasis)
        centred = (values - mean) / scale
        if values.shape[1] <= len(values):
            powers, vectors = np.linalg.eigh(centred.T @ centred)
            order = _order(powers, directions)
            rotation = vectors[:, order]
        else:
            powers, mixes = np.linalg.eigh(centred @ centred.T)
            order = _order(powers, directions)
            rotation = centred.T @ (mixes[:, order] / np.sqrt(np.maximum(powers[order], 1e-12)))
        return cls(mean.astype(np.float32), scale.astype(np.float32), rotation.astype(np.float32))

    def stretched(self, values: np.ndarray, shrinkage: float) -> "Scaling":
        """The same with directions in which ``values`` ``(files, d)`` vary alike, so that a penalty holds a faint one
        back no more than others.

        The fewer files, the less: then faint directions are noise. ``shrinkage`` is how many files say as much as the
        assumption that all directions vary as the strongest does.
        """
        placed = self(values)
        variance = placed.var(axis=0)
        length = np.sqrt(variance + shrinkage / len(values) * variance.max())
        length *= np.sqrt(np.square(placed / length).sum(axis=1).mean())  # squares still add up to about 1
        return replace(self, rotation=(self.rotation / length).astype(np.float32))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """``(files, d)`` to float32 ``(files, r)``; the squares of a file's coordinates add up to about 1."""
        return ((values - self.mean) / self.scale) @ self.rotation


def mean_and_scale(values: np.ndarray, emphasis: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean ``(d,)`` of features ``(files, d)``, and what they are divided by, so that the squares of a file's add up to
    about 1. A feature's share of that sum is its ``emphasis`` ``(d,)``, 1 on average; None: all have the same."""
    mean, deviation = values.mean(0, dtype=np.float64), values.std(0, dtype=np.float64)
    moving = deviation[deviation > 0]
    floor = _MIN_DEVIATION * float(np.median(moving)) if moving.size else 1.0
    roots = np.sqrt(values.shape[1]) if emphasis is None else np.sqrt(values.shape[1] / emphasis)
    return mean, np.maximum(deviation, floor) * roots


def _order(powers: np.ndarray, directions: int | None) -> np.ndarray:
    order = np.argsort(powers)[::-1]
    significant = order[powers[order] > max(_MIN_POWER * float(powers.max()), 1e-12)]
    return (significant if len(significant) else order[:1])[:directions]
