"""What a sound is by its content: an exact digest of its samples, and a sketch that survives small changes.

The sketch follows Haitsma and Kalker (A Highly Robust Audio Fingerprinting System, ISMIR 2002): every few milliseconds
the signs of differences between the energies of neighbouring bands and frames are a code of 32 bits. Of all codes of
a sound the smallest after scrambling are kept (bottom-k sketch; Broder, On the Resemblance and Containment of
Documents, 1997). Which codes these are depends neither on where the sound begins nor on its level, so two sounds with
the same content share many, and memory is the same for every length.
"""

import hashlib
from functools import cache
from typing import final

import numpy as np

from auricle.audio import Resampler

RATE = 8000
SKETCH_SIZE = 32
MAX_SECONDS = 60
_WINDOW = 2048
_HOP = 128
_BANDS = 33
_LOWEST_HZ, _HIGHEST_HZ = 180.0, 3600.0
_MIN_ENERGY_SHARE = 1e-5  # frames with less than this share of the loudest frame's energy hold noise only
_CHUNK = 256


@final
class Fingerprint:
    """Takes a sound block by block; memory is bounded.

    Args:
        sample_rate: of the sound in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._digest = hashlib.blake2b(str(sample_rate).encode(), digest_size=8)
        self._resampler = Resampler(sample_rate, RATE, 1)
        self._blocks: list[np.ndarray] = []
        self._remaining = MAX_SECONDS * RATE

    def push(self, mono: np.ndarray) -> None:
        """Take float32 ``(t,)``."""
        self._digest.update(np.clip(np.rint(mono * np.float32(2**15)), -(2**15), 2**15 - 1).astype("<i2").tobytes())
        if self._remaining > 0:
            self._append(self._resampler.push(mono[None])[0])

    def finish(self) -> tuple[int, np.ndarray]:
        """Return a digest of all samples (of their 16 highest bits), and the sketch: uint32 ``(k,)``, sorted,
        k at most 32, fewer for short sounds and none for silence."""
        if self._remaining > 0:
            self._append(self._resampler.flush()[0])
        sound = np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.float32)
        return int.from_bytes(self._digest.digest(), "little"), sketch(sound)

    def _append(self, block: np.ndarray) -> None:
        self._blocks.append(block[: self._remaining])
        self._remaining -= len(self._blocks[-1])


def sketch(sound: np.ndarray) -> np.ndarray:
    """The smallest scrambled codes of float32 ``(t,)`` at 8 kHz: uint32 ``(k,)``, sorted, k at most 32."""
    padded = np.pad(sound, _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    energies = np.concatenate([_band_energies(frames[i : i + _CHUNK]) for i in range(0, len(frames), _CHUNK)])
    tilt = energies[:, :-1] - energies[:, 1:]
    bits = (tilt[1:] - tilt[:-1]) > 0
    loudness = energies.sum(axis=1)[1:]
    audible = loudness > max(_MIN_ENERGY_SHARE * float(loudness.max(initial=0.0)), 1e-12)
    codes = np.packbits(bits[audible], axis=1).view("<u4")[:, 0]
    return np.unique(_hash_codes(np.unique(codes)))[:SKETCH_SIZE]


def _band_energies(frames: np.ndarray) -> np.ndarray:
    spectra = np.fft.rfft(frames * _hann(), axis=1).astype(np.complex64)
    return (spectra.real**2 + spectra.imag**2) @ _bands()


def _hash_codes(codes: np.ndarray) -> np.ndarray:
    """A fixed permutation-like hash of uint32 (the finaliser of MurmurHash3)."""
    mixed = codes.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return mixed ^ (mixed >> np.uint32(16))


@cache
def _hann() -> np.ndarray:
    return np.hanning(_WINDOW + 1)[:-1].astype(np.float32)


@cache
def _bands() -> np.ndarray:
    """Which of the spectrum's bins belong to which band: float32 ``(bins, bands)``."""
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 1)
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / RATE)[:, None]
    return ((frequencies >= edges[:-1]) & (frequencies < edges[1:])).astype(np.float32)
