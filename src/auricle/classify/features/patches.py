"""A dictionary of patches of log-mel spectrograms, learned without labels, and features of what it finds in a sound.

Spherical k-means on whitened patches, after Coates and Ng ("Learning feature representations with k-means", 2012) and
Salamon and Bello ("Unsupervised feature learning for urban sound classification", 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self, final

import numpy as np

from auricle.classify.features.base import Extractor, digest
from auricle.classify.features.mel_baselines import log_mel, mel_hop
from auricle.classify.features.pooling import normalise_level, part_weights
from auricle.classify.features.window_pooling import normalise_background

FRAMES, BANDS = 12, 16
"""Of a patch."""
PATCH_SIZE = FRAMES * BANDS
_ATOMS = 128
_ROUNDS = 12
_CONTRAST_FLOOR = 1.0  # power added before a patch is brought to unit power, of logarithms
_WHITENING_FLOOR = 0.01  # of the largest eigenvalue
_THRESHOLD = 0.5
_REGIONS, _SEGMENTS = 4, 6
_FRAME_STEP, _BAND_STEP, _BAND_STEP_OF_LONG = 4, 2, 4
_FASTEST = 150.0  # frames a second: twice as many are thinned out


@final
@dataclass(frozen=True, eq=False)
class PatchDictionary:
    """Kernels for patches.

    Attributes:
        kernels: float32 ``(patch, k)``, whitening and atoms in one.
        bias: float32 ``(k,)``.
    """

    kernels: np.ndarray
    bias: np.ndarray

    @classmethod
    def learn(cls, maps: Sequence[np.ndarray], *, patches: int = 60_000, seed: int = 0) -> Self:
        """Learn from log-mel spectrograms ``(n, 64)`` of sounds that are judged nowhere."""
        random = np.random.default_rng(seed)
        values = _normalised(_drawn(maps, max(1, patches // max(1, len(maps))), random))
        mean = values.mean(axis=0)
        powers, vectors = np.linalg.eigh(np.cov((values - mean).T))
        whitening = (vectors / np.sqrt(powers + _WHITENING_FLOOR * powers.max())) @ vectors.T
        points = ((values - mean) @ whitening).astype(np.float32)
        points /= np.linalg.norm(points, axis=1, keepdims=True) + 1e-6
        kernels = (whitening @ _spherical_k_means(points, random).T).astype(np.float32)
        return cls(kernels, -(mean @ kernels).astype(np.float32))

    @classmethod
    def random(cls, *, seed: int = 0) -> Self:
        """As many kernels that nothing was learned for, each of unit length: what a learned one has to beat."""
        kernels = np.random.default_rng(seed).standard_normal((PATCH_SIZE, _ATOMS))
        kernels -= kernels.mean(axis=0)
        return cls((kernels / np.linalg.norm(kernels, axis=0)).astype(np.float32), np.zeros(_ATOMS, np.float32))

    @property
    def digest(self) -> str:
        """The same for two dictionaries only where they find the same."""
        return digest(self.kernels.astype("<f4").tobytes().hex(), self.bias.astype("<f4").tobytes().hex())

    def responses(self, bands: np.ndarray, band_step: int) -> np.ndarray:
        """How well each kernel fits where: log-mel ``(n, 64)`` to places in time and frequency ``(m, f, k)``."""
        if len(bands) < FRAMES:
            bands = np.pad(bands, ((0, FRAMES - len(bands)), (0, 0)), mode="edge")
        views = np.lib.stride_tricks.sliding_window_view(bands, (FRAMES, BANDS))[::_FRAME_STEP, ::band_step]
        patches = _normalised(views.reshape(*views.shape[:2], PATCH_SIZE).astype(np.float32))
        return np.maximum(patches @ self.kernels + self.bias - _THRESHOLD, 0)


@final
class PatchFeatures(Extractor):
    """What a dictionary finds in four regions of frequency: of each of six parts of the sound, or mean, deviation and
    maximum of the whole.

    Args:
        dictionary: of patches.
        rate: of the sounds, in Hz.
        in_order: tell parts of the sound apart, as it suits words, notes and drum hits.
        overlap: of the parts, as `part_weights` has it.
        name: what people call it.
    """

    def __init__(
        self, dictionary: PatchDictionary, rate: int, *, in_order: bool, overlap: float = 0.0, name: str = "patches"
    ) -> None:
        super().__init__(name, rate, digest("patches", 2, rate, in_order, overlap, dictionary.digest))
        self.dictionary, self._in_order, self._overlap = dictionary, in_order, overlap

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        bands = hearing_map(normalise_level(audio), self.sample_rate)
        return np.sqrt(self._pooled(_regions(self.dictionary.responses(bands, self._band_step))))

    def of_equal_windows(self, audio: np.ndarray, starts: Sequence[int], length: int) -> np.ndarray:
        """Features ``(n, d)`` of stretches ``(t,)``; what lies at a stretch's end comes partly from beyond it."""
        bands = hearing_map(normalise_background(audio, self.sample_rate), self.sample_rate)
        by_region = _regions(self.dictionary.responses(bands, self._band_step))
        places_per_sample = len(by_region) / max(1, len(audio))
        count = min(len(by_region), max(1, round(length * places_per_sample)))
        firsts = [min(len(by_region) - count, round(start * places_per_sample)) for start in starts]
        return np.sqrt(np.stack([self._pooled(by_region[first : first + count]) for first in firsts]))

    @property
    def _band_step(self) -> int:
        return _BAND_STEP if self._in_order else _BAND_STEP_OF_LONG

    def _pooled(self, by_region: np.ndarray) -> np.ndarray:
        """Responses ``(m, 4, k)`` to one vector float32."""
        if not self._in_order:
            return np.concatenate((by_region.mean(axis=0), by_region.std(axis=0), by_region.max(axis=0))).ravel()
        weights = part_weights(len(by_region), _SEGMENTS, self._overlap)
        return (weights @ by_region.reshape(len(by_region), -1)).ravel()


def hearing_map(audio: np.ndarray, rate: int) -> np.ndarray:
    """Log-mel ``(n, 64)`` of a sound ``(t,)``, at 75 to 150 frames a second."""
    bands = log_mel(audio, rate)
    return bands[::2] if rate / mel_hop(rate) > _FASTEST else bands


def _normalised(patches: np.ndarray) -> np.ndarray:
    centred = patches - patches.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + _CONTRAST_FLOOR)


def _regions(responses: np.ndarray) -> np.ndarray:
    """``(n, places in frequency, k)`` to ``(n, 4, k)``."""
    edges = np.linspace(0, responses.shape[1], _REGIONS + 1).astype(int)
    means = [responses[:, start : max(start + 1, end)].mean(axis=1) for start, end in pairwise(edges.tolist())]
    return np.stack(means, axis=1)


def _drawn(maps: Sequence[np.ndarray], count: int, random: np.random.Generator) -> np.ndarray:
    """So many patches ``(patches, patch)`` of each map that is long enough."""
    patches = []
    for bands in maps:
        if len(bands) <= FRAMES:
            continue
        frames = random.integers(0, len(bands) - FRAMES, count)
        lowest = random.integers(0, bands.shape[1] - BANDS + 1, count)
        places = zip(frames, lowest, strict=True)
        patches += [bands[frame : frame + FRAMES, band : band + BANDS].ravel() for frame, band in places]
    return np.array(patches, np.float32)


def _spherical_k_means(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Directions ``(k, patch)`` that many points ``(patches, patch)`` share."""
    atoms = points[random.choice(len(points), min(_ATOMS, len(points)), replace=False)]
    for _ in range(_ROUNDS):
        alike = points @ atoms.T
        nearest = alike.argmax(axis=1)
        sums = 1e-3 * atoms
        np.add.at(sums, nearest, points * alike[np.arange(len(points)), nearest, None])
        atoms = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return atoms
