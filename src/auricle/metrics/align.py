"""Undo the constant delay of a codec before two signals are compared."""

import numpy as np

from auricle.errors import OptionError
from auricle.metrics.pair import mono

_BLOCK = 1 << 16


def find_lag(reference: np.ndarray, estimate: np.ndarray, max_lag: int) -> int:
    """Return by how many samples the estimate is late (negative: early), where their cross-correlation is
    highest.

    Of equal maxima (two silent signals) the lag nearest to 0 is taken.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference; its length may differ.
        max_lag: the largest delay looked for, in samples, either way.

    Raises:
        OptionError: ``max_lag`` is negative.
        AudioError: a signal is empty or holds NaN or infinite samples.
    """
    if max_lag < 0:
        raise OptionError(f"a largest lag of {max_lag} samples: give 0 or more")
    correlation = _correlation(mono(reference), mono(estimate), max_lag)
    best = np.flatnonzero(correlation >= correlation.max() - 1e-12 * np.abs(correlation).max()) - max_lag
    return int(best[np.argmin(np.abs(best))])


def align(reference: np.ndarray, estimate: np.ndarray, max_lag: int) -> np.ndarray:
    """Shift the estimate in time onto the reference.

    Args:
        reference: ``(t,)`` or ``(c, t)``.
        estimate: ``(t',)`` or ``(c', t')``; its length may differ.
        max_lag: see `find_lag`.

    Returns:
        the estimate without its delay, of its own kind and channels but with the reference's length: cut, or
        followed or preceded by zeros.

    Raises:
        OptionError: ``max_lag`` is negative.
        AudioError: a signal is empty or holds NaN or infinite samples.
    """
    lag = find_lag(reference, estimate, max_lag)
    length = np.shape(reference)[-1]
    shifted = np.zeros((*estimate.shape[:-1], length), estimate.dtype)
    first, last = max(0, -lag), min(length, estimate.shape[-1] - lag)
    if last > first:
        shifted[..., first:last] = estimate[..., first + lag : last + lag]
    return shifted


def _correlation(first: np.ndarray, second: np.ndarray, max_lag: int) -> np.ndarray:
    """Sum over t of first[t] * second[t + lag] for lag = -max_lag..max_lag, block by block."""
    block = max(_BLOCK, 2 * max_lag)
    size = 1 << (block + 2 * max_lag).bit_length()
    padded = np.pad(second, (max_lag, max_lag + block))
    total = np.zeros(2 * max_lag + 1)
    for start in range(0, min(first.size, second.size + max_lag), block):
        part = np.fft.rfft(first[start : start + block], size)
        around = np.fft.rfft(padded[start : start + block + 2 * max_lag], size)
        total += np.fft.irfft(around * part.conj(), size)[: 2 * max_lag + 1]
    return total
