"""Mel filter banks (numpy only)."""

import functools

import numpy as np

_BREAK_HZ = 1000.0
_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: np.ndarray) -> np.ndarray:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998)."""
    hz = np.asarray(hz, np.float64)
    linear = hz / _LINEAR_HZ_PER_MEL
    logarithmic = _BREAK_HZ / _LINEAR_HZ_PER_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, linear, logarithmic)


def mel_to_hz(mel: np.ndarray) -> np.ndarray:
    """Inverse of :func:`hz_to_mel`."""
    mel = np.asarray(mel, np.float64)
    knee = _BREAK_HZ / _LINEAR_HZ_PER_MEL
    return np.where(
        mel < knee, mel * _LINEAR_HZ_PER_MEL, _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, knee) - knee))
    )


@functools.lru_cache(maxsize=64)
def mel_filterbank(sample_rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    """Triangular filters on Slaney's scale, each of unit area, as librosa's default.

    Returns:
        float32 ``(n_mels, n_fft // 2 + 1)``, read-only, from 0 Hz to half the sample rate.
    """
    bins = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    edges = mel_to_hz(np.linspace(0.0, hz_to_mel(np.array(sample_rate / 2)), n_mels + 2))
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))[:, None]
    filters = filters.astype(np.float32)
    filters.setflags(write=False)
    return filters


def band_edges(sample_rate: int, bins: int, bands: int) -> np.ndarray:
    """First bin of each band of ``bins`` that reach to half the sample rate, and the end: int ``(l + 1,)``.

    Bands are equally wide in mel but hold one bin at least.
    """
    nyquist = sample_rate / 2
    even = mel_to_hz(np.linspace(0.0, float(hz_to_mel(np.array(nyquist))), bands + 1)) / nyquist * bins
    edges = np.maximum.accumulate(np.rint(even).astype(int) - np.arange(bands + 1)) + np.arange(bands + 1)
    return np.minimum(edges, bins - np.arange(bands, -1, -1))
