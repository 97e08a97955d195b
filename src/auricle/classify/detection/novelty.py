"""How unlike everything that was learned from a window is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, final

import numpy as np

from auricle.classify.features.scaling import Scaling

NOVELTY = "novelty."
"""Beginning of the names of its arrays."""
NOVELTY_LAYOUT: Mapping[str, tuple[str, str]] = {
    f"{NOVELTY}mean": ("F32", "d"),
    f"{NOVELTY}rotation": ("F32", "d q"),
    f"{NOVELTY}centres": ("F32", "c q"),
}
_DIRECTIONS = 32


@final
@dataclass(frozen=True)
class NoveltySpace:
    """Mahalanobis distance to the nearest class, with one covariance for all (Lee et al., "A simple unified framework
    for detecting out-of-distribution samples", 2018), in the strongest principal directions.

    Attributes:
        mean: float32 ``(d,)``.
        rotation: float32 ``(d, q)``, to directions of unit variance inside the classes.
        centres: float32 ``(c, q)``, of the classes.
    """

    mean: np.ndarray
    rotation: np.ndarray
    centres: np.ndarray

    @classmethod
    def fit(cls, scaling: Scaling, placed: np.ndarray, numbers: np.ndarray) -> Self:
        """Learn from windows.

        Args:
            scaling: of features.
            placed: float32 ``(windows, r)``, what it makes of theirs.
            numbers: class of each; every class has one window or more.
        """
        directions = min(_DIRECTIONS, placed.shape[1])
        points = placed[:, :directions].astype(np.float64)
        counts = np.bincount(numbers)
        centres = np.stack([np.bincount(numbers, column) for column in points.T], axis=1) / counts[:, None]
        covariance = np.cov(points - centres[numbers], rowvar=False).reshape(directions, directions)
        powers, vectors = np.linalg.eigh(covariance)
        whitening = vectors / np.sqrt(np.maximum(powers, 1e-6 * max(float(powers.max()), 1e-12)))
        rotation = scaling.rotation[:, :directions] @ whitening / scaling.scale[:, None]
        return cls(scaling.mean, rotation.astype(np.float32), (centres @ whitening).astype(np.float32))

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """All that it knows, by name."""
        return {f"{NOVELTY}{name}": getattr(self, name) for name in ("mean", "rotation", "centres")}

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The space of these arrays."""
        return cls(arrays[f"{NOVELTY}mean"], arrays[f"{NOVELTY}rotation"], arrays[f"{NOVELTY}centres"])

    def distances(self, values: np.ndarray) -> np.ndarray:
        """Features ``(n, d)`` to distances ``(n,)`` to the nearest class, about 1 inside it."""
        points = (values - self.mean) @ self.rotation
        squares = np.square(points[:, None] - self.centres[None]).mean(axis=2)
        return np.sqrt(squares.min(axis=1))
