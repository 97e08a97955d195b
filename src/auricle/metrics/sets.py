"""Two sets of sounds against each other: how far apart, how true, how various. Rows are embeddings."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self, final

import numpy as np

from auricle.errors import OptionError

_BLOCK = 512
CHUNKS = 5
"""The extrapolation looks at all sounds, at halves, thirds, quarters and fifths of them."""
FEWEST = 5 * CHUNKS
SCALE = 100.0
"""By this factor the squared discrepancy is multiplied, as in the authors' program."""
NEIGHBOURS = 5


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances: float64 ``(n, m)`` of rows ``(n, d)`` and ``(m, d)``.

    Raises:
        OptionError: the rows differ in length, or a value is NaN or infinite.
    """
    a, b = _rows(first), _rows(second)
    if a.shape[1] != b.shape[1]:
        raise OptionError(f"rows of {a.shape[1]} and of {b.shape[1]} features can't be compared: use one embedding")
    centre = b.mean(axis=0) if len(b) else 0.0
    a, b = a - centre, b - centre
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * a @ b.T
    return np.maximum(squares, 0.0)


def nearest(values: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of ``values`` ``(n, d)`` its nearest row of ``candidates`` ``(m, d)``, m at least 1.

    Returns:
        Euclidean distances, float64 ``(n,)``, and row numbers, int64 ``(n,)``.
    """
    indices = np.zeros(len(values), np.int64)
    for at in range(0, len(values), _BLOCK):
        indices[at : at + _BLOCK] = squared_distances(values[at : at + _BLOCK], candidates).argmin(axis=1)
    # computed again by subtraction: of near copies the formula above keeps few digits
    steps = _rows(values) - _rows(candidates)[indices]
    return np.sqrt((steps * steps).sum(axis=1)), indices


def mean_distance(squares: np.ndarray) -> float:
    """Mean Euclidean distance of all pairs within a set, from its squared distances ``(n, n)``, n at least 2.

    A plain figure of diversity: 0 where all sounds are one.
    """
    count = len(squares)
    assert count >= 2 and squares.shape == (count, count)
    return float(np.sqrt(squares)[~np.eye(count, dtype=bool)].mean())


def _rows(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise OptionError(f"embeddings of shape {values.shape} can't be compared: give finite rows (n, d)")
    return values


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
        eigenvalues, vectors = np.linalg.eigh(self.covariance)
        return (vectors * np.sqrt(np.maximum(eigenvalues, 0.0))) @ vectors.T


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
    inverse, distances = [], []
    for parts in range(1, CHUNKS + 1):
        size = len(generated) // parts
        chunks = [generated[order[at * size : (at + 1) * size]] for at in range(parts)]
        inverse.append(1.0 / size)
        distances.append(float(np.mean([frechet_distance(against, Gaussian.of(chunk)) for chunk in chunks])))
    slope, value = np.polyfit(inverse, distances, 1)
    spread = float(np.square(np.subtract(distances, np.mean(distances))).sum())
    missed = float(np.square(np.polyval((slope, value), inverse) - distances).sum())
    return Extrapolated(float(value), distances[0], float(slope), 1.0 - missed / spread if spread > 0 else 1.0)


def median_distance(reference: np.ndarray) -> float:
    """Median Euclidean distance of all pairs of rows of ``reference`` ``(n, d)``: the kernel's bandwidth.

    Raises:
        OptionError: fewer than two rows, or the median is zero: most sounds are the same.
    """
    if len(reference) < 2:
        raise OptionError(f"a bandwidth of {len(reference)} reference sounds: give 2 or more")
    squares = squared_distances(reference, reference)
    median = float(np.sqrt(np.median(squares[np.triu_indices(len(squares), 1)])))
    if median == 0.0:
        raise OptionError("more than half of the pairs of reference sounds are equal: give sounds that differ")
    return median


def gaussian_kernel(first: np.ndarray, second: np.ndarray, bandwidth: float) -> np.ndarray:
    """``exp(-distance^2 / (2 bandwidth^2))`` of rows ``(n, d)`` and ``(m, d)``: ``(n, m)``."""
    return np.exp(squared_distances(first, second) / (-2.0 * bandwidth**2))


def unbiased_mmd(
    within_first: np.ndarray,
    within_second: np.ndarray,
    between: np.ndarray,
    first_parts: np.ndarray | None = None,
    second_parts: np.ndarray | None = None,
) -> np.ndarray:
    """The unbiased estimate of the squared maximum mean discrepancy (Gretton et al., 2012, equation 3).

    Args:
        within_first: kernel ``(n, n)``.
        within_second: kernel ``(m, m)``.
        between: kernel ``(n, m)``.
        first_parts: zeros and ones ``(r, n)``: subsets of which the estimate is wanted; by default one of all.
        second_parts: ``(r, m)``.

    Returns:
        float64 ``(r,)``, each part with two rows or more.
    """
    first = np.ones((1, len(within_first))) if first_parts is None else np.asarray(first_parts, np.float64)
    second = np.ones((1, len(within_second))) if second_parts is None else np.asarray(second_parts, np.float64)
    counts, second_counts = first.sum(axis=1), second.sum(axis=1)
    if min(counts.min(), second_counts.min()) < 2:
        raise OptionError("a discrepancy of fewer than 2 sounds on a side has no unbiased estimate: give more")
    mixed = ((first @ between) * second).sum(axis=1) / (counts * second_counts)
    return _within(within_first, first, counts) + _within(within_second, second, second_counts) - 2.0 * mixed


def _within(kernel: np.ndarray, parts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    sums = ((parts @ kernel) * parts).sum(axis=1) - parts @ np.diagonal(kernel)
    return sums / (counts * (counts - 1.0))


def kernel_audio_distance(reference: np.ndarray, generated: np.ndarray, *, bandwidth: float | None = None) -> float:
    """KAD (Chung et al., "KAD: No More FAD!", 2025): 100 times the unbiased squared MMD with a Gaussian kernel.

    0 on average, a little below as often as above, where both sets come from one distribution, whatever their sizes.

    Args:
        reference: embeddings of real sounds, ``(n, d)``, n at least 2.
        generated: ``(m, d)``, m at least 2.
        bandwidth: of the kernel; by default the median distance within the reference.

    Raises:
        OptionError: too few sounds, or embeddings that can't be compared.
    """
    width = median_distance(reference) if bandwidth is None else bandwidth
    kernels = (
        gaussian_kernel(a, b, width)
        for a, b in ((reference, reference), (generated, generated), (reference, generated))
    )
    return SCALE * float(unbiased_mmd(*kernels)[0])


def inception_score(probabilities: np.ndarray) -> float:
    """How sure and how various a classifier is: 1 (all alike) to k (each surely of a class, all classes alike).

    ``exp`` of the mean divergence of each sound's class probabilities from their mean (Salimans et al., 2016). It knows
    nothing of how real sounds are: read it beside the score of real ones.

    Args:
        probabilities: ``(n, k)``, rows that sum to 1.

    Raises:
        OptionError: no rows, or rows that are no probabilities.
    """
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or not rows.size or (rows < 0).any() or not np.allclose(rows.sum(axis=1), 1.0, atol=1e-4):
        raise OptionError(f"no probabilities of classes (shape {rows.shape}): rows must be positive and sum to 1")
    mean = rows.mean(axis=0)
    ratios = np.log(np.where(rows > 0, rows, 1.0)) - np.log(np.where(mean > 0, mean, 1.0))
    return float(np.exp((rows * ratios).sum(axis=1).mean()))


@final
@dataclass(frozen=True)
class Manifold:
    """Shares, 0 to 1; density may exceed 1.

    Attributes:
        precision: of generated sounds that lie among real ones.
        recall: of real sounds that lie among generated ones.
        density: as precision, but counting among how many real neighbourhoods; 1 on average for real sounds.
        coverage: of real sounds that have a generated one nearer than their fifth real neighbour.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(
    within_real: np.ndarray, within_generated: np.ndarray, between: np.ndarray, *, neighbours: int = NEIGHBOURS
) -> Manifold:
    """Precision and recall (Kynkäänniemi et al., 2019), density and coverage (Naeem et al., 2020).

    A sound's neighbourhood is the ball up to its k-th nearest neighbour in its own set.

    Args:
        within_real: squared distances ``(n, n)``.
        within_generated: ``(m, m)``.
        between: ``(n, m)``.
        neighbours: k.

    Raises:
        OptionError: a set has no more than ``neighbours`` sounds.
    """
    fewest = min(between.shape)
    if fewest <= neighbours:
        raise OptionError(f"{fewest} sounds have no {neighbours} neighbours: give {neighbours + 1} or more")
    real, generated = _radii(within_real, neighbours), _radii(within_generated, neighbours)
    among_real = between <= real[:, None]
    return Manifold(
        precision=float(among_real.any(axis=0).mean()),
        recall=float((between <= generated[None, :]).any(axis=1).mean()),
        density=float(among_real.sum(axis=0).mean() / neighbours),
        coverage=float((between.min(axis=1) <= real).mean()),
    )


def _radii(squares: np.ndarray, neighbours: int) -> np.ndarray:
    """Of each row the k-th smallest distance to another one: the smallest of all is its own."""
    return np.partition(squares, neighbours, axis=1)[:, neighbours]
