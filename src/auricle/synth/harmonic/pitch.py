"""Pitch contours, by SwiftF0 (Nieradzik, 2025; MIT licence)."""

from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.audio import Resampler
from auricle.extras import require

_HOP_SECONDS = 0.005
_TRACKER_RATE = 16000
_TRACKER_HOP_SECONDS = 0.016
_VOICED = 0.5
_LOWEST, _HIGHEST, _NEAR_RATIO = 46.875, 2093.75, 1.5
_FEWEST_FRAMES = 4
_OCTAVE_TOLERANCE = 0.1
_OCTAVE_FRAMES = 31
_NOTE_OCTAVES, _NOTE_SHARE = 0.1, 0.95


def hop_samples(sample_rate: int) -> int:
    """Samples from one value of a contour to the next: 5 ms."""
    return max(1, round(_HOP_SECONDS * sample_rate))


@final
@dataclass(frozen=True, eq=False)
class PitchContour:
    """A fundamental frequency every 5 ms, or as near to that as whole samples are.

    Attributes:
        hertz: float64 ``(n,)``, from 46.9 to 2094; where there is no pitch that between or beside it goes on. All 0 for
            a sound without pitch.
        voiced: bool ``(n,)``, where there is one.
    """

    hertz: np.ndarray
    voiced: np.ndarray

    @property
    def pitched(self) -> bool:
        """Whether there is a pitch anywhere."""
        return bool(self.voiced.any())

    def median(self) -> float:
        """Of the voiced frames, in Hz; 0 for none."""
        return float(np.median(self.hertz[self.voiced])) if self.pitched else 0.0


def track_pitch(audio: np.ndarray, sample_rate: int, *, near: float | None = None) -> PitchContour:
    """The pitch of a mono sound ``(t,)`` every `hop_samples`; the last frame is at or after the sound's end.

    Args:
        audio: the sound.
        sample_rate: in Hz.
        near: a pitch in Hz, which is known to be nearer than a fifth to what is sought; None for any.

    Raises:
        MissingPackageError: the package swift-f0 is not installed.
    """
    tracker = require("swift_f0", extra="synth", purpose="pitch contours")
    hop = hop_samples(sample_rate)
    frames = -(-len(audio) // hop) + 1
    resampler = Resampler(sample_rate, _TRACKER_RATE, 1)
    native = np.concatenate((resampler.push(audio[None].astype(np.float32)), resampler.flush()), axis=1)[0]
    lowest, highest = (_LOWEST, _HIGHEST) if near is None else (near / _NEAR_RATIO, near * _NEAR_RATIO)
    if not len(native) or lowest * _NEAR_RATIO > _HIGHEST or highest < _LOWEST * _NEAR_RATIO:
        return PitchContour(np.zeros(frames), np.zeros(frames, bool))
    peak = max(float(np.abs(native).max()), 1e-9)
    result = tracker.SwiftF0(threads=1, spin=False).detect(native / peak, _TRACKER_RATE, lowest, highest)
    voiced = result.confidence >= _VOICED
    if voiced.sum() < _FEWEST_FRAMES:
        return PitchContour(np.zeros(frames), np.zeros(frames, bool))
    moments = np.arange(frames) * hop / sample_rate
    octaves = _without_octave_errors(np.log2(result.pitch_hz[voiced]))
    hertz = 2 ** np.interp(moments, result.timestamps[voiced], octaves)
    nearest = np.clip(np.rint(moments / _TRACKER_HOP_SECONDS).astype(int), 0, len(voiced) - 1)
    return PitchContour(hertz, voiced[nearest])


def _without_octave_errors(octaves: np.ndarray) -> np.ndarray:
    """Values an octave away from the median of half a second around them are put there; in a note, of all of it."""
    middle = np.median(octaves)
    folded = octaves - np.rint(octaves - middle)
    if np.mean(np.abs(folded - middle) < _NOTE_OCTAVES) > _NOTE_SHARE:
        return folded
    half = _OCTAVE_FRAMES // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(octaves, half, mode="edge"), _OCTAVE_FRAMES)
    distance = octaves - np.median(windows, axis=1)
    jumps = np.rint(distance)
    return octaves - np.where(np.abs(distance - jumps) < _OCTAVE_TOLERANCE, jumps, 0.0)
