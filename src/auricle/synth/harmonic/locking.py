"""Notes at a pitch of which a model's frames hold whole numbers of periods, so that steady ones have steady latents.

A note is warped in time until its pitch stays where it is to be, and the phases of its partials are turned so that all
notes begin their periods alike; how they waver stays. Only what the ear is least sensitive to is changed, and what is
left is regular: of saxophone notes the correlation of a frame's latents with the next one's goes from .1 to .97.
"""

import numpy as np
import soxr

from auricle.synth.harmonic.analysis import (
    analysis_window,
    cycles_of,
    demodulate,
    highest_partial_hertz,
    measure_pitch,
    synthesise,
)
from auricle.synth.harmonic.pitch import PitchContour, hop_samples
from auricle.synth.priors.notes import locked_hertz

_OVERSAMPLING = 4
_MOST_PARTIALS = 240
_DISPERSION = np.pi / 80
"""Phases of partials grow with the square of their numbers: the fortieth comes half a period late. Without it each
period would be one sharp peak."""
_ONSET = 10 ** (-30 / 20)
_LEAD_SECONDS = 0.005


def locked_note(
    audio: np.ndarray, sample_rate: int, frame_rate: float, *, near: float | None = None
) -> tuple[np.ndarray, float] | None:
    """A note ``(c, t)`` with its period locked to frames, and the pitch in Hz that it had; None for what has no pitch.

    Silence before its onset is cut off, but for 5 ms and less than a period.

    Args:
        audio: the note.
        sample_rate: in Hz.
        frame_rate: in Hz.
        near: its pitch, to a fifth; None for any.

    Raises:
        MissingPackageError: the pitch tracker is not installed.
    """
    mono = audio.mean(axis=0)
    contour = measure_pitch(mono, sample_rate, near=near)
    if not contour.pitched:
        return None
    hertz = contour.median()
    locked = locked_hertz(hertz, frame_rate)
    warped = _warped(audio, contour, locked, sample_rate)
    before = max(0, _onset(warped) - round(_LEAD_SECONDS * sample_rate))
    periods = int(before * locked / sample_rate)
    return _in_phase(warped[:, round(periods * sample_rate / locked) :], locked, sample_rate), hertz


def _onset(audio: np.ndarray) -> int:
    magnitude = np.abs(audio).max(axis=0)
    return int(np.argmax(magnitude > _ONSET * magnitude.max()))


def _warped(audio: np.ndarray, contour: PitchContour, locked: float, sample_rate: int) -> np.ndarray:
    """The sound, its pitch put to ``locked`` everywhere: resampled as a whole, then by what its pitch wavers."""
    hertz = contour.median()
    cycles = cycles_of(contour.hertz, sample_rate, audio.shape[1])
    ratio = _OVERSAMPLING * hertz / locked
    fine = np.asarray(soxr.resample(audio.T.astype(np.float32), 1.0, ratio)).reshape(-1, len(audio)).T
    samples = max(1, int(cycles[-1] / locked * sample_rate))
    places = np.interp(np.arange(samples) * (locked / sample_rate), cycles, np.arange(audio.shape[1]) * ratio)
    return interpolated(fine, places)


def interpolated(fine: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Sound ``(c, m)`` at m places between the samples of ``(c, t)``, by cubic polynomials."""
    padded = np.pad(fine, ((0, 0), (1, 3)))
    first = np.clip(places.astype(int), 0, fine.shape[1])
    share = (places - first).astype(np.float32)
    before, here, after, then = (padded[:, first + step] for step in range(4))
    bend = 3 * (here - after) + then - before
    return here + 0.5 * share * (after - before + share * (2 * before - 5 * here + 4 * after - then + share * bend))


def _in_phase(audio: np.ndarray, hertz: float, sample_rate: int) -> np.ndarray:
    """The partials of a steady tone turned, each by one angle, to the phases that all notes have."""
    count = int(highest_partial_hertz(sample_rate) / hertz)
    numbers = np.arange(1.0, min(count, _MOST_PARTIALS) + 1)
    hop, window = hop_samples(sample_rate), analysis_window(hertz, sample_rate)
    contour = np.full(-(-audio.shape[1] // hop) + 1, hertz)
    partials = demodulate(audio, contour, numbers, window, sample_rate)
    middle = partials.mean(axis=0)
    sums = (middle * np.abs(middle)).sum(axis=1)
    turns = np.exp(1j * (_DISPERSION * numbers**2 - np.angle(sums))) - 1
    partials *= (turns[:, None] * _fade_in(audio, len(contour), len(window), hop)).astype(np.complex64)
    return audio + synthesise(partials, contour, numbers, sample_rate, audio.shape[1])


def _fade_in(audio: np.ndarray, frames: int, window: int, hop: int) -> np.ndarray:
    """From 0 up to the beginning of a sound to 1 a window later: nothing may be heard of partials before they begin."""
    return np.clip((np.arange(frames) - _onset(audio) / hop) / (window / hop), 0.0, 1.0)
