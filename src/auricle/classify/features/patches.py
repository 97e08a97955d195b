"""A dictionary of patches of log-mel spectrograms, learned without labels, and features of what it finds in a sound.

Spherical k-means on whitened patches, after Coates and Ng ("Learning feature representations with k-means", 2012) and
Salamon and Bello ("Unsupervised feature learning for urban sound classification", 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self, final

import numpy as np

from auricle.classify.features.base import Extractor, digest
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.mel_baselines import log_mel, mel_hop
from auricle.classify.features.pooling import normalise_level
from auricle.errors import ModelError
from auricle.model.files.tensor_file import CHECKSUM, FileKind, check_layout, open_tensor_file, write_tensor_file

FRAMES, BANDS = 12, 16
"""Of a patch."""
HEARING_FILE = FileKind("hearing", ".hearing.safetensors", "auricle-hearing", 1, (CHECKSUM,), largest_file=1 << 24)
_SIZE = FRAMES * BANDS
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
    def load(cls, path: Path) -> Self:
        """Read a file that may come from a stranger.

        Raises:
            ModelError: it is missing, malformed, or has changed.
        """
        with open_tensor_file(path, HEARING_FILE) as file:
            atoms = file.layout.get("bias", ("", (0,)))[1]
            check_layout(path, {"kernels": ("F32", (_SIZE, *atoms)), "bias": ("F32", atoms)}, file.layout)
            if len(atoms) != 1 or atoms[0] < 1:
                raise ModelError(f"{path} holds no kernels: the file is damaged")
            arrays = file.read()
        return cls(arrays["kernels"], arrays["bias"])

    def save(self, path: Path, *, force: bool = False) -> None:
        """Write a file; it appears whole or not at all.

        Raises:
            OutputError: the file exists and ``force`` is false, or can't be written.
        """
        write_tensor_file(path, HEARING_FILE, {"kernels": self.kernels, "bias": self.bias}, {}, force=force)

    def responses(self, bands: np.ndarray, band_step: int) -> np.ndarray:
        """How well each kernel fits where: log-mel ``(n, 64)`` to places in time and frequency ``(m, f, k)``."""
        if len(bands) < FRAMES:
            bands = np.pad(bands, ((0, FRAMES - len(bands)), (0, 0)), mode="edge")
        views = np.lib.stride_tricks.sliding_window_view(bands, (FRAMES, BANDS))[::_FRAME_STEP, ::band_step]
        patches = _normalised(views.reshape(*views.shape[:2], _SIZE).astype(np.float32))
        return np.maximum(patches @ self.kernels + self.bias - _THRESHOLD, 0)


@final
class HearingFeatures(Extractor):
    """The features of the latents, and beside them what a dictionary finds in four regions of frequency: of each of six
    equal parts of the sound where the latents' features know parts, else mean, deviation and maximum of the whole.
    """

    def __init__(self, latents: LatentFeatures, dictionary: PatchDictionary) -> None:
        identity = digest("hearing", 1, latents.identity, dictionary.kernels.tobytes().hex())
        super().__init__(f"hearing of {latents.name}", latents.sample_rate, identity)
        self._latents, self._dictionary = latents, dictionary

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        bands = hearing_map(audio, self.sample_rate)
        if self._latents.config.segments > 1:
            by_region = _regions(self._dictionary.responses(bands, _BAND_STEP))
            edges = np.linspace(0, len(by_region), _SEGMENTS + 1)
            starts = np.minimum(edges[:-1].astype(int), len(by_region) - 1)
            parts = zip(starts, np.ceil(edges[1:]), strict=True)
            pooled = [by_region[start : max(start + 1, int(end))].mean(axis=0) for start, end in parts]
        else:
            by_region = _regions(self._dictionary.responses(bands, _BAND_STEP_OF_LONG))
            pooled = [by_region.mean(axis=0), by_region.std(axis=0), by_region.max(axis=0)]
        latents = self._latents.mono_features(audio)
        return np.concatenate((np.sqrt(np.concatenate(pooled)).ravel(), latents)).astype(np.float32)


def hearing_map(audio: np.ndarray, rate: int) -> np.ndarray:
    """Log-mel ``(n, 64)`` of a sound ``(t,)`` at one level, at 75 to 150 frames a second."""
    bands = log_mel(normalise_level(audio), rate)
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
