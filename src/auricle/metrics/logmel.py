"""Statistics of a log-mel spectrogram: an embedding without weights."""

import numpy as np

from auricle.dsp.mel import mel_filterbank
from auricle.metrics.pair import mono

BANDS = 32
SIZE = 4 * BANDS + 2
_FLOOR = 1e-4
_WINDOW_SECONDS = 0.032


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
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(signal, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 4]
    amplitudes = np.abs(np.fft.rfft(frames * window)) * (2.0 / window.sum())
    heights = amplitudes @ _bands(sample_rate, size)
    top = max(float(heights.max()), _FLOOR)
    logs = np.log(np.maximum(heights / top, _FLOOR))
    steps = (np.arange(len(logs)) + 0.5) * np.pi / len(logs)
    shape = [np.sqrt(2.0) * np.cos(order * steps) @ logs / len(logs) for order in (1, 2)]
    whole = [np.log(top), np.log(len(signal) / sample_rate)]
    return np.concatenate((logs.mean(axis=0), logs.std(axis=0), *shape, whole)).astype(np.float32)


def _bands(sample_rate: int, size: int) -> np.ndarray:
    """Filters ``(bins, bands)``, each summing to one."""
    filters = mel_filterbank(sample_rate, size, BANDS).astype(np.float64)
    return (filters / np.maximum(filters.sum(axis=1, keepdims=True), 1e-12)).T
