"""STOI written once more from the paper (Taal et al., 2011), for signals of 10 kHz: slow and plain."""

import numpy as np

_RATE, _FRAME, _HOP, _FFT = 10_000, 256, 128, 512
_BANDS, _LOWEST_HZ, _SPAN = 15, 150.0, 30
_RANGE_DB, _CLIP_DB = 40.0, -15.0


def reference_stoi(clean: np.ndarray, processed: np.ndarray) -> float:
    clean, processed = _without_silence(clean, processed)
    first, second = _bands(clean), _bands(processed)
    correlations = []
    for end in range(_SPAN, first.shape[1] + 1):
        for band in range(_BANDS):
            x, y = first[band, end - _SPAN : end], second[band, end - _SPAN : end]
            scaled = y * np.sqrt((x**2).sum() / (y**2).sum())
            clipped = np.minimum(scaled, x * (1 + 10 ** (-_CLIP_DB / 20)))
            correlations.append(np.corrcoef(x, clipped)[0, 1])
    return float(np.mean(correlations))


def _window() -> np.ndarray:
    return 0.5 * (1 - np.cos(2 * np.pi * np.arange(1, _FRAME + 1) / (_FRAME + 1)))


def _without_silence(clean: np.ndarray, processed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    starts = range(0, len(clean) - _FRAME, _HOP)
    window = _window()
    levels = np.array([20 * np.log10(np.linalg.norm(clean[at : at + _FRAME] * window) + 1e-12) for at in starts])
    kept = [at for at, level in zip(starts, levels, strict=True) if level > levels.max() - _RANGE_DB]
    joined = []
    for signal in (clean, processed):
        out = np.zeros((len(kept) - 1) * _HOP + _FRAME)
        for index, at in enumerate(kept):
            out[index * _HOP : index * _HOP + _FRAME] += signal[at : at + _FRAME] * window
        joined.append(out)
    return joined[0], joined[1]


def _bands(signal: np.ndarray) -> np.ndarray:
    """Amplitude in third-octave bands ``(15, n)``."""
    window = _window()
    frames = [signal[at : at + _FRAME] * window for at in range(0, len(signal) - _FRAME, _HOP)]
    power = np.abs(np.fft.rfft(frames, _FFT)) ** 2
    hertz = np.arange(_FFT // 2 + 1) * _RATE / _FFT
    rows = []
    for band in range(_BANDS):
        centre = _LOWEST_HZ * 2 ** (band / 3)
        low, high = (int(np.argmin(np.abs(hertz - centre * 2 ** (side / 6)))) for side in (-1, 1))
        rows.append(np.sqrt(power[:, low:high].sum(axis=1)))
    return np.array(rows)
