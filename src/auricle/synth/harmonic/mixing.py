"""Partials and noise that lie between those of two sounds."""

from typing import NamedTuple

import numpy as np

from auricle.synth.harmonic.amplitudes import POWER, between
from auricle.synth.harmonic.analysis import HarmonicSound, in_band, synthesise
from auricle.synth.harmonic.noise import mixed_noise
from auricle.synth.harmonic.pitch import hop_samples
from auricle.synth.time_maps import FrameMap, values_at


class _Partials(NamedTuple):
    """Of one sound at the result's frames: magnitudes and turning ``(c, k, n)``, phases at its start ``(c, k)``."""

    magnitude: np.ndarray
    turning: np.ndarray
    start: np.ndarray


def mix(first: HarmonicSound, second: HarmonicSound, frame_map: FrameMap, samples: int) -> np.ndarray:
    """A sound float32 ``(c, t)`` between two of one sample rate, whose frames of 5 ms are as the map says.

    The pitch lies evenly between both in cents, and so do the ratios of partials to it; the amplitude of each partial
    and the spectral envelope of what is left lie between as `between` says. If one has no pitch, the other's holds.
    """
    sample_rate, share = first.sample_rate, frame_map.share
    hertz = _pitch(first, second, frame_map)
    ratios = _ratios(first, second, np.array([share.mean()]))[:, 0]
    drift = (
        2 * np.pi * hop_samples(sample_rate) / sample_rate * hertz * (_ratios(first, second, share) - ratios[:, None])
    )
    partials = _partials(first, second, frame_map, (hertz, drift)) * in_band(hertz, ratios, sample_rate)
    sound = synthesise(partials, hertz, ratios, sample_rate, samples)
    return sound + mixed_noise((first.residual, second.residual), frame_map, sample_rate, samples)


def _pitch(first: HarmonicSound, second: HarmonicSound, frame_map: FrameMap) -> np.ndarray:
    pitched = [sound for sound in (first, second) if sound.pitch.pitched]
    if not pitched:
        return np.ones(len(frame_map.share))
    sources = [sound if sound.pitch.pitched else pitched[0] for sound in (first, second)]
    logarithms = [
        np.interp(places, np.arange(len(source.pitch.hertz)), np.log2(source.pitch.hertz))
        for source, places in zip(sources, (frame_map.first, frame_map.second), strict=True)
    ]
    if not all(sound.pitch.pitched for sound in (first, second)):
        # One contour alone: at the moments of the sound that has it.
        logarithms = [logarithms[0] if first.pitch.pitched else logarithms[1]] * 2
    return 2 ** ((1 - frame_map.share) * logarithms[0] + frame_map.share * logarithms[1])


def _ratios(first: HarmonicSound, second: HarmonicSound, share: np.ndarray) -> np.ndarray:
    """Ratios of partials to the pitch ``(k, n)`` at shares ``(n,)``."""
    count = max(len(first.ratios), len(second.ratios))
    numbers = np.arange(1.0, count + 1)
    sharpened = [
        np.concatenate((sound.ratios, numbers[len(sound.ratios) :] * _last_stretch(sound))) / numbers
        for sound in (first, second)
    ]
    logarithms = [np.log(values)[:, None] for values in sharpened]
    return numbers[:, None] * np.exp((1 - share) * logarithms[0] + share * logarithms[1])


def _last_stretch(sound: HarmonicSound) -> float:
    return float(sound.ratios[-1]) / len(sound.ratios) if len(sound.ratios) else 1.0


def _partials(
    first: HarmonicSound, second: HarmonicSound, frame_map: FrameMap, course: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    hertz, drift = course
    share = frame_map.share
    one, other = (
        _warped(sound, places, hertz, len(drift))
        for sound, places in ((first, frame_map.first), (second, frame_map.second))
    )
    magnitude = between(one.magnitude, other.magnitude, share)
    weights = [(1 - share) * one.magnitude**POWER, share * other.magnitude**POWER]
    total = np.maximum(weights[0] + weights[1], 1e-12)
    turning = (weights[0] * one.turning + weights[1] * other.turning) / total + drift
    start = np.angle((1 - share[0]) * np.exp(1j * one.start) + share[0] * np.exp(1j * other.start))
    phases = start[:, :, None] + np.cumsum(turning, axis=2) - turning
    return (magnitude * np.exp(1j * phases)).astype(np.complex64)


def _warped(sound: HarmonicSound, places: np.ndarray, hertz: np.ndarray, count: int) -> _Partials:
    """A sound's partials at places; how fast their phases turn is in proportion to the new pitch."""
    shape = len(sound.residual), count, len(places)
    magnitude, turning, start = np.zeros(shape), np.zeros(shape), np.zeros(shape[:2])
    if not sound.pitch.pitched:
        return _Partials(magnitude, turning, start)
    phases = _continued_phases(sound.partials)
    turns = np.diff(phases, axis=2, append=phases[:, :, -1:])
    turns -= 2 * np.pi * np.rint(turns / (2 * np.pi))
    factors = hertz / np.interp(places, np.arange(len(sound.pitch.hertz)), sound.pitch.hertz)
    size = sound.partials.shape[1]
    magnitude[:, :size] = values_at(np.abs(sound.partials), places)
    turning[:, :size] = values_at(turns, places) * factors
    start[:, :size] = phases[:, :, 0]
    return _Partials(magnitude, turning, start)


def _continued_phases(partials: np.ndarray) -> np.ndarray:
    """Phases ``(c, k, n)`` in radians; where a partial is 0 the phase before holds, at the start that after."""
    frames = np.arange(partials.shape[2])
    last = np.maximum.accumulate(np.where(partials != 0, frames, -1), axis=2)
    first = np.argmax(partials != 0, axis=2)[:, :, None]
    return np.take_along_axis(np.angle(partials), np.where(last < 0, first, last), axis=2)
