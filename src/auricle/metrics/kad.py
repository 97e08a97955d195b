"""Kernel audio distance: how far two sets of sounds are apart, without bias and without a Gaussian in between."""

import numpy as np

from auricle.errors import OptionError
from auricle.metrics.distances import squared_distances

SCALE = 100.0
"""By this factor the squared discrepancy is multiplied, as in the authors' program."""


def median_distance(reference: np.ndarray) -> float:
    """Median Euclidean distance of all pairs of rows of ``reference`` ``(n, d)``: the kernel's bandwidth.

    Raises:
        OptionError: fewer than two rows, or the median is zero: most sounds are the same.
    """
    if len(reference) < 2:
        raise OptionError(f"a bandwidth of {len(reference)} reference sounds: give 2 or more")
    squares = squared_distances(reference, reference)
    found = float(np.sqrt(np.median(squares[np.triu_indices(len(squares), 1)])))
    if found == 0.0:
        raise OptionError("more than half of the pairs of reference sounds are equal: give sounds that differ")
    return found


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
    one = np.ones((1, len(within_first))) if first_parts is None else np.asarray(first_parts, np.float64)
    two = np.ones((1, len(within_second))) if second_parts is None else np.asarray(second_parts, np.float64)
    counts, others = one.sum(axis=1), two.sum(axis=1)
    if min(counts.min(), others.min()) < 2:
        raise OptionError("a discrepancy of fewer than 2 sounds on a side has no unbiased estimate: give more")
    mixed = ((one @ between) * two).sum(axis=1) / (counts * others)
    return _within(within_first, one, counts) + _within(within_second, two, others) - 2.0 * mixed


def _within(kernel: np.ndarray, parts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    whole = ((parts @ kernel) * parts).sum(axis=1) - parts @ np.diagonal(kernel)
    return whole / (counts * (counts - 1.0))


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
