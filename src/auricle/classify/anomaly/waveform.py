"""Statistics of the waveform itself: what clipping, clicks and dropouts change, and a spectrum hardly shows."""

import numpy as np

WAVEFORM_SIZE = 14
"""How many statistics there are."""
_FRAME_SECONDS = 0.02
_AUDIBLE = 0.03
"""Frames whose level is a smaller share of the loudest frame's say nothing."""
_NEAR_PEAK = 0.97
_RARE = 1e-4


def waveform_statistics(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Fourteen figures of a sound ``(t,)``, which do not depend on its level; zeros if it is silent.

    Of frames of 20 ms: crest factor in dB, logarithm of the share of samples near the peak (a clipped wave stays
    there), and crest factor of the second difference in dB (a click stands out of it); of each the mean, standard
    deviation, maximum and minimum. Then crest factor and share near the peak of the whole.
    """
    wave = audio.astype(np.float64)
    length = max(3, round(_FRAME_SECONDS * sample_rate))
    padded = np.pad(wave, (0, max(0, length - len(wave))))
    frames = padded[: len(padded) // length * length].reshape(-1, length)
    levels = np.sqrt(np.square(frames).mean(axis=1))
    if levels.max() <= 0:
        return np.zeros(WAVEFORM_SIZE)
    frames = frames[levels > _AUDIBLE * levels.max()]
    curves = (_crest_db(frames), _share_near_peak(frames), _crest_db(np.diff(frames, 2, axis=1)))
    of_frames = [(curve.mean(), curve.std(), curve.max(), curve.min()) for curve in curves]
    whole = wave[None]
    return np.concatenate((np.ravel(of_frames), _crest_db(whole), _share_near_peak(whole)))


def _crest_db(frames: np.ndarray) -> np.ndarray:
    """Peak over root mean square of ``(n, t)`` in dB: ``(n,)``, 0 of what is silent."""
    power = np.square(frames).mean(axis=1)
    peak = np.square(frames).max(axis=1)
    return 10 * np.log10(np.where(power > 0, peak, 1.0) / np.where(power > 0, power, 1.0))


def _share_near_peak(frames: np.ndarray) -> np.ndarray:
    """Natural logarithm of the share of samples near the peak of ``(n, t)``: ``(n,)``."""
    height = np.abs(frames)
    return np.log((height >= _NEAR_PEAK * height.max(axis=1, keepdims=True)).mean(axis=1) + _RARE)
