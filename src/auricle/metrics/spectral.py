"""Short-time and mel spectra: distances between two signals, the highest band, and an embedding without weights."""

from collections.abc import Iterator

import numpy as np

from auricle.dsp.mel import mel_filterbank
from auricle.errors import AudioError
from auricle.metrics.signals import mono, mono_pair

_SIZES = (512, 1024, 2048)
_FLOOR = 1e-5
_FRAMES_AT_ONCE = 2048  # keeps the memory flat
_SCALES = ((256, 20), (512, 40), (1024, 80))  # window in samples, number of mel bands
_FROM_HZ = 6000
_N_FFT = 512
_SILENT_BAND = 1e-4
_LIMIT_DB = 60.0
BANDS = 32
SIZE = 4 * BANDS + 2
_LOG_MEL_FLOOR = 1e-4
_WINDOW_SECONDS = 0.032


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
    reference_mono, estimate_mono = mono_pair(reference, estimate)
    return float(np.mean([_distance(reference_mono, estimate_mono, n_fft) for n_fft in _SIZES]))


def _distance(reference: np.ndarray, estimate: np.ndarray, n_fft: int) -> float:
    difference = norm = logarithmic = 0.0
    count = 0
    pairs = zip(magnitudes(reference, n_fft, n_fft // 4), magnitudes(estimate, n_fft, n_fft // 4), strict=True)
    for first, second in pairs:
        difference += float(np.square(first - second).sum())
        norm += float(np.square(first).sum())
        logarithmic += float(np.abs(_log(first) - _log(second)).sum())
        count += first.size
    convergence = np.sqrt(difference / max(norm, count * _FLOOR**2))
    return float(convergence) + logarithmic / count


def _log(magnitude: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(magnitude, _FLOOR))


def mel_distance(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Return the mean absolute difference of log-mel spectrograms, in nepers (natural logarithm of an
    amplitude).

    The average over three scales: Hann windows of 256, 512 and 1024 samples, a quarter of each as the hop,
    20, 40 and 80 bands of the area-normalised Slaney mel scale up to half the sample rate, applied to
    magnitudes and floored at 1e-5. 0 is best; values at different sample rates are not comparable.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.

    Raises:
        AudioError: the lengths differ, or a signal is empty or holds NaN or infinite samples.
    """
    reference_mono, estimate_mono = mono_pair(reference, estimate)
    return float(np.mean([_between_mel(reference_mono, estimate_mono, sample_rate, *scale) for scale in _SCALES]))


def _between_mel(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, n_fft: int, n_mels: int) -> float:
    filters = mel_filterbank(sample_rate, n_fft, n_mels).T.astype(np.float64)
    total, count = 0.0, 0
    pairs = zip(magnitudes(reference, n_fft, n_fft // 4), magnitudes(estimate, n_fft, n_fft // 4), strict=True)
    for first, second in pairs:
        logs = [np.log(np.maximum(spectrum @ filters, _FLOOR)) for spectrum in (first, second)]
        total += float(np.abs(logs[0] - logs[1]).sum())
        count += logs[0].size
    return total / count


def high_band(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Return the level above 6 kHz, relative to the reference, in dB: 0 is right, less is dull, more is harsh.

    The level is the mean magnitude of all bins above 6 kHz of a short-time Fourier transform (512 samples). Limited to
    -60..60 dB, so that averages stay finite.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.

    Raises:
        AudioError: the lengths differ, the sample rate is too low, or the reference has nothing there.
    """
    reference_mono, estimate_mono = mono_pair(reference, estimate)
    first = round(_FROM_HZ * _N_FFT / sample_rate)
    if first >= _N_FFT // 2:
        raise AudioError(f"sound of {sample_rate} Hz has no band above {_FROM_HZ} Hz")
    levels = [_level(signal, first) for signal in (reference_mono, estimate_mono)]
    if levels[0] < _SILENT_BAND:
        raise AudioError(f"the reference has nothing above {_FROM_HZ} Hz")
    ratio = 20 * np.log10(max(levels[1], 1e-12) / levels[0])
    return float(np.clip(ratio, -_LIMIT_DB, _LIMIT_DB))


def _level(signal: np.ndarray, first: int) -> float:
    total, count = 0.0, 0
    for spectrum in magnitudes(signal, _N_FFT, _N_FFT // 2):
        high = spectrum[:, first:]
        total, count = total + float(high.sum()), count + high.size
    return total / count


def log_mel_statistics(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """How loud 32 mel bands are, how much they change, and how they rise and fall over the sound.

    Hann windows of about 32 ms (a power of two), a quarter as the hop; amplitudes averaged in bands of Slaney's scale
    up to half the sample rate, divided by the largest one, floored at -80 dB, natural logarithm. Of each band: mean,
    standard deviation, and the first two cosine coefficients over time, which tell a decay from a swell. Then the level
    (of the largest amplitude) and the logarithm of the length in seconds: one number each, so that a copy that is only
    louder stays near. All in nepers, so that plain distances have a meaning. A reversed sound is another one.

    Args:
        audio: ``(t,)`` or ``(c, t)``; channels are averaged.
        sample_rate: in Hz. Statistics at different rates are not comparable.

    Returns:
        float32 ``(130,)``.

    Raises:
        AudioError: no samples, or a sample that is NaN or infinite.
    """
    signal = mono(audio)
    size = 1 << round(np.log2(_WINDOW_SECONDS * sample_rate))
    bands = _bands(sample_rate, size) * (4.0 / size)  # a sine of amplitude 1 counts as 1
    heights = np.concatenate([amplitudes @ bands for amplitudes in magnitudes(signal, size, size // 4)])
    top = max(float(heights.max()), _LOG_MEL_FLOOR)
    logs = np.log(np.maximum(heights / top, _LOG_MEL_FLOOR))
    steps = (np.arange(len(logs)) + 0.5) * np.pi / len(logs)
    shape = [np.sqrt(2.0) * np.cos(order * steps) @ logs / len(logs) for order in (1, 2)]
    level_and_length = [np.log(top), np.log(len(signal) / sample_rate)]
    return np.concatenate((logs.mean(axis=0), logs.std(axis=0), *shape, level_and_length)).astype(np.float32)


def _bands(sample_rate: int, size: int) -> np.ndarray:
    """Filters ``(bins, bands)``, each summing to one."""
    filters = mel_filterbank(sample_rate, size, BANDS).astype(np.float64)
    return (filters / np.maximum(filters.sum(axis=1, keepdims=True), 1e-12)).T
