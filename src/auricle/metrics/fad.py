"""Fréchet audio distance, and what it tends to with endless sounds."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self, final

import numpy as np

from auricle.errors import OptionError

CHUNKS = 5
"""The extrapolation looks at all sounds, at halves, thirds, quarters and fifths of them."""
FEWEST = 5 * CHUNKS


@final
@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution.

    Attributes:
        mean: ``(d,)``.
        covariance: ``(d, d)``.
    """

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Self:
        """The one with the mean and the unbiased covariance of rows ``(n, d)``, n at least 2.

        Raises:
            OptionError: fewer rows, or a value that is NaN or infinite.
        """
        values = np.asarray(values, np.float64)
        if values.ndim != 2 or len(values) < 2 or not np.isfinite(values).all():
            raise OptionError(f"no covariance of embeddings of shape {values.shape}: give 2 or more finite rows (n, d)")
        mean = values.mean(axis=0)
        steps = values - mean
        return cls(mean, steps.T @ steps / (len(values) - 1))

    @cached_property
    def root(self) -> np.ndarray:
        """The symmetric square root of the covariance."""
        found, vectors = np.linalg.eigh(self.covariance)
        return (vectors * np.sqrt(np.maximum(found, 0.0))) @ vectors.T


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """``|m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2))`` (Dowson and Landau, 1982), 0 or more.

    The trace of the root is the sum of the roots of the eigenvalues of ``C1^(1/2) C2 C1^(1/2)``, which is symmetric:
    no complex numbers, and singular covariances do no harm.
    """
    inner = first.root @ second.covariance @ first.root
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh((inner + inner.T) / 2), 0.0)).sum()
    steps = first.mean - second.mean
    return max(0.0, float(steps @ steps + np.trace(first.covariance) + np.trace(second.covariance) - 2.0 * shared))


def frechet_audio_distance(reference: np.ndarray, generated: np.ndarray) -> float:
    """FAD (Kilgour et al., 2019) of embeddings ``(n, d)`` and ``(m, d)``. Biased upwards, the more the fewer sounds."""
    return frechet_distance(Gaussian.of(reference), Gaussian.of(generated))


@final
@dataclass(frozen=True)
class Extrapolated:
    """A line through distances over the inverse of the number of sounds.

    Attributes:
        value: where it meets endless sounds.
        measured: the distance with all of them.
        slope: by how much a distance grows, times the number of sounds.
        straightness: share of the variance that the line explains, 0 to 1.
    """

    value: float
    measured: float
    slope: float
    straightness: float


def fad_infinity(reference: np.ndarray | Gaussian, generated: np.ndarray, *, seed: int = 0) -> Extrapolated:
    """FAD∞ (Gui et al., 2024, after Chong and Forsyth, 2020): the distance that endless generated sounds would have.

    The distance is measured with all generated sounds and, averaged, with disjoint halves, thirds, quarters and
    fifths of them in random order; a line over 1/n is fitted. The authors draw random subsets instead: with disjoint
    ones every sound counts alike. The bias that the reference's own size brings is not removed.

    Args:
        reference: embeddings ``(n, d)``, or their Gaussian.
        generated: ``(m, d)``, m at least 25.
        seed: decides the order.

    Raises:
        OptionError: too few sounds.
    """
    if len(generated) < FEWEST:
        raise OptionError(f"{len(generated)} sounds are too few to extrapolate from: give {FEWEST} or more")
    against = reference if isinstance(reference, Gaussian) else Gaussian.of(reference)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(generated))
    inverse, found = [], []
    for parts in range(1, CHUNKS + 1):
        size = len(generated) // parts
        chunks = [generated[order[at * size : (at + 1) * size]] for at in range(parts)]
        inverse.append(1.0 / size)
        found.append(float(np.mean([frechet_distance(against, Gaussian.of(chunk)) for chunk in chunks])))
    slope, value = np.polyfit(inverse, found, 1)
    spread = float(np.square(np.subtract(found, np.mean(found))).sum())
    missed = float(np.square(np.polyval((slope, value), inverse) - found).sum())
    return Extrapolated(float(value), found[0], float(slope), 1.0 - missed / spread if spread > 0 else 1.0)
