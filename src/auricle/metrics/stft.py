"""Short-time spectra, and the distance between those of two signals."""

from collections.abc import Iterator

import numpy as np

from auricle.metrics.pair import mono_pair

_SIZES = (512, 1024, 2048)
_FLOOR = 1e-5
_FRAMES_AT_ONCE = 2048  # keeps the memory flat


def magnitudes(signal: np.ndarray, n_fft: int, hop_length: int) -> Iterator[np.ndarray]:
    """Yield the magnitudes of a centred short-time Fourier transform, some frames at a time.

    The window is a periodic Hann window, not normalised; frame i is centred on sample i * hop_length; zeros
    surround the signal.

    Args:
        signal: float ``(t,)``, t at least 1.
        n_fft: window and transform length in samples, even.
        hop_length: step between frames in samples.

    Yields:
        float64 ``(n, n_fft // 2 + 1)``; in all there are 1 + t // hop_length frames.
    """
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    padded = np.pad(signal, n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        yield np.abs(np.fft.rfft(frames[first : first + _FRAMES_AT_ONCE] * window))


def stft_distance(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the multi-resolution short-time Fourier distance (Yamamoto et al., "Parallel WaveGAN", 2020).

    For windows of 512, 1024 and 2048 samples, each with a quarter of it as the hop: the spectral convergence
    (norm of the difference of the magnitudes over the norm of the reference's) plus the mean absolute
    difference of the natural logarithms of the magnitudes, floored at 1e-5; averaged over the windows. 0 is
    best; there is no upper bound. A silent reference counts as having every magnitude at the floor.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.

    Raises:
        AudioError: the lengths differ, or a signal is empty or holds NaN or infinite samples.
    """
    wanted, given = mono_pair(reference, estimate)
    return float(np.mean([_distance(wanted, given, n_fft) for n_fft in _SIZES]))


def _distance(wanted: np.ndarray, given: np.ndarray, n_fft: int) -> float:
    difference = norm = logarithmic = 0.0
    count = 0
    pairs = zip(magnitudes(wanted, n_fft, n_fft // 4), magnitudes(given, n_fft, n_fft // 4), strict=True)
    for first, second in pairs:
        difference += float(np.square(first - second).sum())
        norm += float(np.square(first).sum())
        logarithmic += float(np.abs(_log(first) - _log(second)).sum())
        count += first.size
    convergence = np.sqrt(difference / max(norm, count * _FLOOR**2))
    return float(convergence) + logarithmic / count


def _log(magnitude: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(magnitude, _FLOOR))
