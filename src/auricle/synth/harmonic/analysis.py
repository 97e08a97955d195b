"""A sound as partials on its pitch, and what is left of it (Serra and Smith, 1990)."""

from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.synth.harmonic.pitch import PitchContour, hop_samples, track_pitch

MAX_PARTIALS = 120
_HIGHEST_SHARE = 0.45
_HIGHEST_HERTZ = 16000.0
_PERIODS = 4
_SHORTEST_SECONDS = 0.02
_REFINING_PARTIALS = 8
_REFINEMENTS = 2
_MOST_CORRECTION = 0.02
_SMOOTH_FRAMES = 7
_HARMONIC_SHARE = 0.65
_STIFFEST = 2e-3


@final
@dataclass(frozen=True, eq=False)
class HarmonicSound:
    """Partials, and what is left.

    The sound is the sum of both, to rounding: partial k is the real part of its complex amplitude, linear between
    frames, times ``exp(2 pi i * ratios[k] * cycles)``, cycles being the integral of the pitch.

    Attributes:
        sample_rate: in Hz.
        pitch: fundamental at each frame of 5 ms, as long as ``partials``.
        ratios: float64 ``(k,)`` of the partials' frequencies to the fundamental; over 1, 2, 3 ... for stiff strings.
        partials: complex64 ``(c, k, n)``.
        residual: float32 ``(c, t)``.
    """

    sample_rate: int
    pitch: PitchContour
    ratios: np.ndarray
    partials: np.ndarray
    residual: np.ndarray


def analyse(audio: np.ndarray, sample_rate: int, *, near: float | None = None) -> HarmonicSound:
    """Take a sound ``(c, t)`` apart.

    The tracked pitch is corrected twice by how fast the phases of the lowest partials turn. A sound without pitch is
    all residual. ``near`` is as for `track_pitch`.

    Raises:
        MissingPackageError: the pitch tracker is not installed.
    """
    mono = audio.mean(axis=0)
    contour = measure_pitch(mono, sample_rate, near=near)
    if not contour.pitched:
        empty = np.zeros((len(audio), 0, len(contour.hertz)), np.complex64)
        return HarmonicSound(sample_rate, contour, np.zeros(0), empty, audio.astype(np.float32))
    window = analysis_window(contour.median(), sample_rate)
    ratios = _ratios(mono, contour, window, sample_rate)
    contour = _refined(mono, contour, ratios[:_REFINING_PARTIALS], window, sample_rate)
    partials = demodulate(audio, contour.hertz, ratios, window, sample_rate)
    contour = PitchContour(contour.hertz, _harmonic_frames(mono, partials, contour, window, sample_rate))
    partials *= in_band(contour.hertz, ratios, sample_rate) & contour.voiced
    residual = audio - synthesise(partials, contour.hertz, ratios, sample_rate, audio.shape[1])
    return HarmonicSound(sample_rate, contour, ratios, partials, residual)


def measure_pitch(mono: np.ndarray, sample_rate: int, *, near: float | None = None) -> PitchContour:
    """The pitch of a sound ``(t,)``, finer than `track_pitch` has it: to a cent or so of a steady tone.

    ``near`` is as there.

    Raises:
        MissingPackageError: the pitch tracker is not installed.
    """
    contour = track_pitch(mono, sample_rate, near=near)
    if not contour.pitched:
        return contour
    window = analysis_window(contour.median(), sample_rate)
    return _refined(mono, contour, np.arange(1.0, _REFINING_PARTIALS + 1), window, sample_rate)


def analysis_window(hertz: float, sample_rate: int) -> np.ndarray:
    """Hann window over four periods of a pitch, 20 ms at least, of whole frames; its sum is 2."""
    hop = hop_samples(sample_rate)
    frames = max(_PERIODS / hertz, _SHORTEST_SECONDS) * sample_rate / hop
    size = 2 * max(2, round(frames / 2)) * hop
    window = np.hanning(size + 1)[:-1]
    return (2 * window / window.sum()).astype(np.float32)


def cycles_of(hertz: np.ndarray, sample_rate: int, samples: int) -> np.ndarray:
    """The integral of a pitch that is linear between frames, at each sample: float64 ``(t,)``."""
    hop = hop_samples(sample_rate)
    at_samples = np.interp(np.arange(samples), np.arange(len(hertz)) * hop, hertz)
    return (np.cumsum(at_samples) - at_samples / 2) / sample_rate


def demodulate(
    audio: np.ndarray, hertz: np.ndarray, ratios: np.ndarray, window: np.ndarray, sample_rate: int
) -> np.ndarray:
    """Complex amplitudes complex64 ``(c, k, n)`` of partials at each frame."""
    hop, frames = hop_samples(sample_rate), len(hertz)
    pieces = len(window) // hop
    cycles = cycles_of(hertz, sample_rate, audio.shape[1])
    taps = window.reshape(pieces, hop).T
    before = len(window) // 2
    padded = np.zeros((len(audio), (frames + pieces) * hop), np.float32)
    result = np.empty((len(audio), len(ratios), frames), np.complex64)
    for index, ratio in enumerate(ratios):
        for part, wave in zip((np.real(result), np.imag(result)), _waves(-ratio * cycles), strict=True):
            padded[:, before : before + audio.shape[1]] = audio * wave
            sums = padded.reshape(len(audio), -1, hop) @ taps
            part[:, index] = sum(sums[:, piece : piece + frames, piece] for piece in range(pieces))
    return result


def synthesise(
    partials: np.ndarray, hertz: np.ndarray, ratios: np.ndarray, sample_rate: int, samples: int
) -> np.ndarray:
    """The sum of partials ``(c, k, n)`` as sound float32 ``(c, t)``."""
    hop = hop_samples(sample_rate)
    cycles = cycles_of(hertz, sample_rate, samples)
    ramp = (np.arange(hop) / hop).astype(np.float32)
    sound = np.zeros((len(partials), samples), np.float32)
    for index, ratio in enumerate(ratios):
        ends = partials[:, index]
        if not ends.any():
            continue
        steps = np.diff(ends, axis=1, append=ends[:, -1:])
        cosine, sine = _waves(ratio * cycles)
        for end, step, wave in ((np.real(ends), np.real(steps), cosine), (np.imag(ends), np.imag(steps), -sine)):
            amplitude = (end[:, :, None] + step[:, :, None] * ramp).reshape(len(partials), -1)
            sound += amplitude[:, :samples] * wave
    return sound


def _waves(cycles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine, float32; whole cycles are taken off before they cost precision."""
    radians = (2 * np.pi * (cycles - np.rint(cycles))).astype(np.float32)
    return np.cos(radians), np.sin(radians)


def in_band(hertz: np.ndarray, ratios: np.ndarray, sample_rate: int) -> np.ndarray:
    """Whether partials ``(k, n)`` are low enough to be told from noise."""
    return ratios[:, None] * hertz < highest_partial_hertz(sample_rate)


def highest_partial_hertz(sample_rate: int) -> float:
    """Up to here partials are told from noise, and from their images."""
    return min(_HIGHEST_HERTZ, _HIGHEST_SHARE * sample_rate)


def _turning(partials: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """How far the phases of ``(k, n)`` turn in each frame, in cycles per second, and the power there."""
    products = partials[:, 1:] * partials[:, :-1].conj()
    products = np.concatenate((products, products[:, -1:]), axis=1)
    return np.angle(products) * sample_rate / (2 * np.pi * hop_samples(sample_rate)), np.abs(products)


def _refined(
    mono: np.ndarray, contour: PitchContour, ratios: np.ndarray, window: np.ndarray, sample_rate: int
) -> PitchContour:
    hertz = contour.hertz
    ratios = ratios[ratios * contour.median() < _HIGHEST_SHARE * sample_rate]
    for _ in range(_REFINEMENTS):
        turning, power = _turning(demodulate(mono[None], hertz, ratios, window, sample_rate)[0], sample_rate)
        power *= contour.voiced
        kernel = np.ones(_SMOOTH_FRAMES)
        above = np.convolve((power * turning * ratios[:, None]).sum(axis=0), kernel, "same")
        below = np.convolve((power * ratios[:, None] ** 2).sum(axis=0), kernel, "same")
        correction = np.where(below > 0, above / np.maximum(below, 1e-20), 0.0)
        frames = np.arange(len(hertz))
        correction = np.interp(frames, frames[contour.voiced], correction[contour.voiced])
        hertz = hertz + np.clip(correction, -_MOST_CORRECTION * hertz, _MOST_CORRECTION * hertz)
    return PitchContour(hertz, contour.voiced)


def _ratios(mono: np.ndarray, contour: PitchContour, window: np.ndarray, sample_rate: int) -> np.ndarray:
    """Ratios of partials to the fundamental: those of a stiff string, ``k sqrt(1 + b k^2)`` (Fletcher, 1964)."""
    count = min(MAX_PARTIALS, max(1, int(highest_partial_hertz(sample_rate) / contour.hertz[contour.voiced].min())))
    numbers, stiffness = np.arange(1.0, count + 1), 0.0
    for most in (6, 10, 16, 24):
        lowest = numbers[:most]
        ratios = _stiff(lowest, stiffness)
        turning, power = _turning(demodulate(mono[None], contour.hertz, ratios, window, sample_rate)[0], sample_rate)
        weight = power * contour.voiced * in_band(contour.hertz, ratios, sample_rate)
        measured = ratios + (weight * turning / contour.hertz).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-20)
        trust = np.sqrt(weight.sum(axis=1)) + 1e-12
        squares, ones = lowest**2, np.ones(len(lowest))
        # The tracked pitch may be a little off as well: (f / k f0)^2 = a + a b k^2.
        (offset, slope), *_ = np.linalg.lstsq(
            np.stack((ones, squares), 1) * trust[:, None], (measured / lowest) ** 2 * trust, rcond=None
        )
        stiffness = min(max(float(slope / max(offset, 0.5)), 0.0), _STIFFEST) if len(lowest) > 1 else 0.0
    return _stiff(numbers, stiffness)


def _stiff(numbers: np.ndarray, stiffness: float) -> np.ndarray:
    return numbers * np.sqrt((1 + stiffness * numbers**2) / (1 + stiffness))


def _harmonic_frames(
    mono: np.ndarray, partials: np.ndarray, contour: PitchContour, window: np.ndarray, sample_rate: int
) -> np.ndarray:
    """Where the tracker heard a pitch, and where most of the power is in partials of the pitch that goes on there."""
    hop, frames = hop_samples(sample_rate), len(contour.hertz)
    power = np.abs(partials.mean(axis=0)) ** 2 / 2
    share = (window / window.sum()).reshape(-1, hop).T
    before, after = len(window) // 2, (frames + share.shape[1]) * hop - len(window) // 2 - len(mono)
    sums = np.pad(mono.astype(np.float64) ** 2, (before, after)).reshape(-1, hop) @ share
    total = sum(sums[piece : piece + frames, piece] for piece in range(share.shape[1]))
    return contour.voiced | (power.sum(axis=0) > _HARMONIC_SHARE * total + 1e-14)
