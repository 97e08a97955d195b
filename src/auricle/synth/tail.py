"""Silence at the end of a sound."""

import numpy as np

_BELOW = 10 ** (-60 / 20)
_KEPT_SECONDS = 0.03


def without_tail(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Audio ``(c, t)`` up to 30 ms after the last sample that is within 60 dB of its largest one; these fade out."""
    loudness = np.abs(audio).max(axis=0, initial=0.0)
    heard = np.flatnonzero(loudness > _BELOW * loudness.max(initial=0.0))
    kept = round(_KEPT_SECONDS * sample_rate)
    if not len(heard) or heard[-1] + 1 + kept >= audio.shape[1]:
        return audio
    cut = audio[:, : heard[-1] + 1 + kept].copy()
    cut[:, -kept:] *= (0.5 + 0.5 * np.cos(np.pi * (np.arange(kept) + 1) / kept)).astype(np.float32)
    return cut
