"""How fast a sound rises, and that it rises no slower than it is to: what makes a hit of a sound.

An attack is the time from 10 to 90 % of the largest sample, on the running maximum.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

PIECE = 16
"""Samples of which the largest stands for all: a third of a millisecond at 44.1 kHz."""
_BEGUN, _RISEN = 0.1, 0.9
_SHORTEST_SECONDS, _CUT_SECONDS = 0.002, 0.002
_FASTEST_SECONDS = 0.00025  # a shorter one is a click
_LEAST_GAIN = 10 ** (-9.0 / 20)
_PASSES = 3
"""Gains begin to fall before the attack's end, so that it becomes softer itself: what comes later follows it down."""
_HELD_SECONDS, _SMOOTH_SECONDS = 0.008, 0.004  # half a period of 60 Hz: a gain that follows a waveform distorts it


def piece_peaks(magnitude: np.ndarray) -> np.ndarray:
    """The largest of every `PIECE` samples of ``(t,)``: ``(t / PIECE,)``, rounded up."""
    padded = np.append(magnitude, np.zeros(-len(magnitude) % PIECE, magnitude.dtype))
    return padded.reshape(-1, PIECE).max(1)


def rise_seconds(peaks: np.ndarray, sample_rate: int) -> float:
    """Attack in seconds, of the peaks of pieces ``(n,)``; 0 for silence."""
    risen = peaks >= _RISEN * peaks.max(initial=0.0)
    return float(risen.argmax() - _beginning(peaks)) * PIECE / sample_rate if len(peaks) else 0.0


def with_attack(audio: np.ndarray, sample_rate: int, seconds: float) -> np.ndarray:
    """A sound ``(c, t)`` that rises within its attack, and in which nothing later is louder than that.

    What is later is turned down, by at most 9 dB, but not within the first 2 ms. Where the attack is to be shorter than
    that, the sound begins so much before it has risen, and what comes before is faded out.

    Args:
        audio: the sound.
        sample_rate: in Hz.
        seconds: how long its attack is to be.
    """
    peaks = piece_peaks(np.abs(audio).max(axis=0, initial=0.0))
    rate = sample_rate / PIECE
    end = _beginning(peaks) + int(np.ceil(max(seconds, _SHORTEST_SECONDS) * rate)) + 1
    if 0.0 < peaks[:end].max(initial=0.0) < peaks.max(initial=0.0):
        gains = np.ones(len(peaks))
        for _ in range(_PASSES):
            gains *= _gains_behind(peaks * gains, end, rate)
        places = (np.arange(audio.shape[1]) + 0.5) / PIECE - 0.5
        audio = audio * np.interp(places, np.arange(len(gains)), np.maximum(gains, _LEAST_GAIN)).astype(np.float32)
    return _with_short_rise(audio, sample_rate, seconds) if seconds < _SHORTEST_SECONDS else audio


def _with_short_rise(audio: np.ndarray, sample_rate: int, seconds: float) -> np.ndarray:
    """The sound faded in for so long before it has risen, where it begins up to `_CUT_SECONDS` earlier."""
    magnitude = np.abs(audio).max(axis=0, initial=0.0)
    begun, risen = (int((magnitude >= share * magnitude.max(initial=0.0)).argmax()) for share in (_BEGUN, _RISEN))
    samples = round(max(seconds, _FASTEST_SECONDS) * sample_rate)
    if not samples < risen - begun <= samples + _CUT_SECONDS * sample_rate:
        return audio
    ramp = np.clip((np.arange(audio.shape[1]) - (risen - samples)) / samples, 0.0, 1.0)
    return audio * np.square(np.sin(np.pi / 2 * ramp)).astype(np.float32)


def _gains_behind(peaks: np.ndarray, end: int, rate: float) -> np.ndarray:
    """Smooth gains ``(n,)`` that turn peaks ``(n,)`` behind an attack, from ``end`` on, down to it; ``rate`` pieces a
    second.
    """
    held, smooth = round(_HELD_SECONDS * rate), np.hanning(2 * round(_SMOOTH_SECONDS * rate / 2) + 3)
    allowed = peaks[:end].max()
    around = sliding_window_view(np.pad(peaks, held), 2 * held + 1).max(axis=1)
    gains = np.maximum(allowed / np.maximum(around, allowed), _LEAST_GAIN)
    gains[:end] = 1.0
    half = len(smooth) // 2
    return np.convolve(np.pad(gains, half, mode="edge"), smooth / smooth.sum(), mode="valid")


def _beginning(peaks: np.ndarray) -> int:
    return int((peaks >= _BEGUN * peaks.max(initial=0.0)).argmax()) if len(peaks) else 0
