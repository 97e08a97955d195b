"""Two signals against each other: lengths, the delay of a codec, and scale-invariant distortion."""

import numpy as np

from auricle.errors import AudioError, OptionError

_BLOCK = 1 << 16
_REACH = 24  # lags on either side of the best one from which the correlation between lags is interpolated
_FINE = 64
_BEYOND = 48  # 64ths of a sample around the best lag that are looked at
_LEAST_FRACTION = 0.02
"""Smaller fractions of a sample are left alone: the samples stay as they are."""
_LIMIT_DB = 100.0
_SILENCE = 1e-14  # mean square; -140 dB


def mono(signal: np.ndarray) -> np.ndarray:
    """Return ``(t,)`` or ``(c, t)`` as float64 ``(t,)``, averaged over channels.

    Raises:
        AudioError: another shape, no samples, or a sample that is NaN or infinite.
    """
    signal = np.asarray(signal, np.float64)
    if signal.ndim not in (1, 2) or signal.size == 0:
        raise AudioError(f"can't measure a signal of shape {signal.shape}: give some samples, (t,) or (c, t)")
    if not np.isfinite(signal).all():
        raise AudioError("can't measure a signal with NaN or infinite samples")
    return signal if signal.ndim == 1 else signal.mean(axis=0)


def mono_pair(reference: np.ndarray, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both signals as float64 ``(t,)``.

    Raises:
        AudioError: as `mono`, or the lengths differ.
    """
    first, second = mono(reference), mono(estimate)
    if first.size != second.size:
        raise AudioError(
            f"the reference has {first.size} samples, the estimate {second.size}: align or trim them first"
        )
    return first, second


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
    correlation = _checked(reference, estimate, max_lag)
    return _best(correlation[_REACH : correlation.size - _REACH])


def find_delay(reference: np.ndarray, estimate: np.ndarray, max_lag: int) -> float:
    """Return the delay as `find_lag` does, to a 64th of a sample.

    The correlation of band-limited signals is band-limited, so between whole lags it is interpolated by a windowed
    sinc.

    Raises:
        OptionError: ``max_lag`` is negative.
        AudioError: a signal is empty or holds NaN or infinite samples.
    """
    correlation = _checked(reference, estimate, max_lag)
    lag = _best(correlation[_REACH : correlation.size - _REACH])
    if min(np.shape(reference)[-1], np.shape(estimate)[-1]) < 4 * _REACH:
        return float(lag)  # too little sound to look between samples
    around = correlation[lag + max_lag : lag + max_lag + 2 * _REACH + 1]
    fractions = np.arange(-_BEYOND, _BEYOND + 1) / _FINE
    distance = fractions[:, None] - np.arange(-_REACH, _REACH + 1)
    kernel = np.sinc(distance) * np.cos(np.pi * distance / (2 * _REACH + 2)) ** 2
    values = kernel @ around
    best = float(fractions[int(np.argmax(values))])
    return lag + best if abs(best) < _BEYOND / _FINE else float(lag)  # at the edge: it lies beyond the largest lag


def align(reference: np.ndarray, estimate: np.ndarray, max_lag: int) -> np.ndarray:
    """Shift the estimate in time onto the reference.

    Args:
        reference: ``(t,)`` or ``(c, t)``.
        estimate: ``(t',)`` or ``(c', t')``; its length may differ.
        max_lag: see `find_lag`.

    Returns:
        the estimate without its delay, of its own kind and channels but with the reference's length: cut, or
        followed or preceded by zeros. A whole delay leaves the samples as they are; a fraction of a sample is taken out
        by turning the phases of the spectrum.

    Raises:
        OptionError: ``max_lag`` is negative.
        AudioError: a signal is empty or holds NaN or infinite samples.
    """
    delay = find_delay(reference, estimate, max_lag)
    lag = round(delay)
    if abs(delay - lag) > _LEAST_FRACTION:
        estimate = _earlier(estimate, delay - lag)
    length = np.shape(reference)[-1]
    shifted = np.zeros((*estimate.shape[:-1], length), estimate.dtype)
    first, last = max(0, -lag), min(length, estimate.shape[-1] - lag)
    if last > first:
        shifted[..., first:last] = estimate[..., first + lag : last + lag]
    return shifted


def _checked(reference: np.ndarray, estimate: np.ndarray, max_lag: int) -> np.ndarray:
    """Correlation of lags up to ``max_lag`` and those that interpolation needs beyond."""
    if max_lag < 0:
        raise OptionError(f"a largest lag of {max_lag} samples: give 0 or more")
    return _correlation(mono(reference), mono(estimate), max_lag + _REACH)


def _best(correlation: np.ndarray) -> int:
    """Lag of the highest value; of equal ones, that nearest to 0."""
    best = np.flatnonzero(correlation >= correlation.max() - 1e-12 * np.abs(correlation).max()) - correlation.size // 2
    return int(best[np.argmin(np.abs(best))])


def _earlier(signal: np.ndarray, fraction: float) -> np.ndarray:
    """Band-limited shift by a part of a sample."""
    size = 1 << (signal.shape[-1] + 2 * _REACH).bit_length()
    turns = np.exp(2j * np.pi * np.fft.rfftfreq(size) * fraction)
    return np.fft.irfft(np.fft.rfft(signal, size) * turns, size)[..., : signal.shape[-1]].astype(signal.dtype)


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


def si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the scale-invariant signal-to-distortion ratio in dB (Le Roux et al., "SDR - half-baked or well
    done?", 2019).

    The means are removed; the reference is scaled to be as near to the estimate as it can be, and its energy
    is divided by that of what remains. The result is limited to -100..100, so that averages stay finite:

    - a perfect estimate (up to a positive or negative gain) gives 100,
    - a silent (or constant) estimate of a sound gives -100,
    - with a silent (or constant) reference, a silent estimate gives 100 and any other -100.

    Silent means a mean square below 1e-14, that is -140 dB.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.

    Raises:
        AudioError: the lengths differ, or a signal is empty or holds NaN or infinite samples.
    """
    reference_mono, estimate_mono = mono_pair(reference, estimate)
    reference_mono, estimate_mono = reference_mono - reference_mono.mean(), estimate_mono - estimate_mono.mean()
    energy = float(reference_mono @ reference_mono)
    quiet_reference = energy <= _SILENCE * reference_mono.size
    quiet_estimate = float(estimate_mono @ estimate_mono) <= _SILENCE * estimate_mono.size
    if quiet_reference or quiet_estimate:
        return _LIMIT_DB if quiet_reference and quiet_estimate else -_LIMIT_DB
    target = float(estimate_mono @ reference_mono) / energy * reference_mono
    residual = estimate_mono - target
    signal, distortion = float(target @ target), float(residual @ residual)
    if signal <= distortion * 10 ** (-_LIMIT_DB / 10):
        return -_LIMIT_DB
    if distortion <= signal * 10 ** (-_LIMIT_DB / 10):
        return _LIMIT_DB
    return float(10 * np.log10(signal / distortion))
