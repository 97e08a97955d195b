"""Sounds that can be repeated without end, and what their seam is like."""

from dataclasses import dataclass
from math import ceil
from typing import final

import numpy as np
from torch import Tensor

from auricle.model import Autoencoder
from auricle.synth.rendering.render import concatenate_blocks, decode_blocks

_WINDOW, _HOP = 512, 128
_WARM_SECONDS = 4.0


@final
@dataclass(frozen=True)
class Seam:
    """How the end of a loop meets its beginning, compared with the inside of the same loop.

    Attributes:
        step: the step from the last sample to the first over the largest step between neighbours inside.
        flux: the largest spectral flux of a window that holds the seam over the largest of one that does not. 1 or less
            means that the seam is no sharper than what else happens in the sound.
        rank: share of the windows inside that have less flux than the seam's largest; 0.5 is the median.
    """

    step: float
    flux: float
    rank: float


def measure_seam(audio: np.ndarray) -> Seam:
    """Measure ``(c, t)`` as if it was played again and again, at its end."""
    return measure_seams(audio, np.array([audio.shape[1]]), circular=True)


def measure_seams(audio: np.ndarray, places: np.ndarray, *, circular: bool = False) -> Seam:
    """Measure the places where parts of a sound ``(c, t)`` meet: the largest of them against the rest of the sound.

    Spectral flux is the Euclidean distance between the magnitudes of two Hann windows of 512 samples, 128 apart.

    Args:
        audio: at least 2048 samples.
        places: samples ``(k,)`` before which parts meet.
        circular: whether the sound's end is followed by its beginning.
    """
    sound = audio.astype(np.float64)
    if circular:
        sound = np.concatenate((sound, sound[:, : 4 * _WINDOW]), axis=1)
    steps = np.abs(np.diff(sound, axis=1)).max(axis=0)
    at_seam = np.zeros(len(steps), bool)
    at_seam[places - 1] = True
    flux = np.sum([_flux(channel) for channel in sound], axis=0)
    starts = np.arange(len(flux)) * _HOP  # flux i compares the windows that begin here and one hop later
    near = ((starts[:, None] < places) & (starts[:, None] + _WINDOW + _HOP > places)).any(axis=1)
    worst, inside = float(flux[near].max()), flux[~near]
    return Seam(
        float(steps[at_seam].max() / max(steps[~at_seam].max(), 1e-9)),
        worst / max(float(inside.max()), 1e-9),
        float((inside < worst).mean()),
    )


def _flux(channel: np.ndarray) -> np.ndarray:
    window = np.hanning(_WINDOW)
    frames = np.lib.stride_tricks.sliding_window_view(channel, _WINDOW)[::_HOP] * window
    return np.linalg.norm(np.diff(np.abs(np.fft.rfft(frames, axis=1)), axis=0), axis=1)


def decode_loop(model: Autoencoder, z: Tensor, samples: int, *, quality: float | None = None) -> np.ndarray:
    """Decode a circle of latents ``(c, n, d)`` into float32 ``(c, samples)`` whose end goes on to its beginning.

    The decoder first hears whole rounds of the circle, at least four seconds, so that what it gives afterwards repeats.
    A loop is as long as asked for: from whole frames it is resampled as the periodic signal that it is, which
    changes its pitch by at most half a frame in its length.
    """
    frames, hop = z.shape[1], model.hop_length
    rounds = ceil(_WARM_SECONDS * model.sample_rate / (frames * hop))
    extra_rounds = ceil(model.frames(hop) / frames)  # what the decoder looks ahead
    audio = concatenate_blocks(decode_blocks(model, [z] * (rounds + 1 + extra_rounds), quality=quality))
    first = rounds * frames * hop
    return _resample_periodic(audio[:, first : first + frames * hop], samples)


def wrapped(audio: np.ndarray, samples: int) -> np.ndarray:
    """A sound ``(c, t)`` in a loop ``(c, samples)``: what is longer is heard in the next rounds."""
    rounds = ceil(audio.shape[1] / samples)
    padded = np.pad(audio, ((0, 0), (0, rounds * samples - audio.shape[1])))
    return padded.reshape(len(audio), rounds, samples).sum(axis=1)


def _resample_periodic(audio: np.ndarray, samples: int) -> np.ndarray:
    """A periodic signal ``(c, t)`` at another number of samples."""
    length = audio.shape[1]
    if length == samples:
        return audio
    spectrum = np.fft.rfft(audio.astype(np.float64), axis=1)[:, : (min(length, samples) + 1) // 2]
    return (np.fft.irfft(spectrum, samples, axis=1) * (samples / length)).astype(np.float32)
