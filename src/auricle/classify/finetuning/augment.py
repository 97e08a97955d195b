"""Crops of labelled sounds, changed as sounds change without becoming something else."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from pydantic import Field

from auricle.classify.features.base import to_mono
from auricle.classify.features.pooling import normalise_level
from auricle.data import AudioCache
from auricle.model.registry import Frozen

_BANDS = 8


@final
class Augmentation(Frozen):
    """How training sounds are changed; 0 (or 1 for ``share``) leaves them as they are."""

    share: float = Field(default=0.6, gt=0, le=1, description="shortest crop, of a sound or of the longest crop")
    speed: float = Field(default=0.1, ge=0, le=0.5, description="largest change of speed and pitch")
    tilt: float = Field(default=6.0, ge=0, le=40, description="largest gain of a band, in dB either way")
    noise: float = Field(default=30.0, ge=0, le=100, description="loudest noise, in dB below the sound; 0 for none")
    mix: float = Field(default=0.5, ge=0, le=1, description="share of sounds that are mixed with another one")


class Batch(NamedTuple):
    """Sounds ``(b, t)``, their lengths int64 ``(b,)`` and how much they are of each class ``(b, classes)``."""

    audio: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray


@final
class LabelledCrops:
    """Draws batches of labelled sounds, each class as often as another; a pure function of seed, step and shard.

    Args:
        cache: the sounds.
        rows: those to draw from.
        labels: class number of each sound of the cache.
        classes: how many there are.
        longest: samples of the longest crop.
        batch: sounds per batch.
        changes: what may happen to them.
        seed: 0 or more.
    """

    def __init__(
        self,
        cache: AudioCache,
        rows: Sequence[int],
        labels: np.ndarray,
        classes: int,
        *,
        longest: int,
        batch: int,
        changes: Augmentation,
        seed: int,
    ) -> None:
        self._cache, self._labels, self._classes = cache, labels, classes
        self._longest, self._batch, self._changes, self._seed = longest, batch, changes, seed
        members = [np.array([row for row in rows if labels[row] == number], np.int64) for number in range(classes)]
        self._members = [part for part in members if len(part)]

    def batch(self, step: int, shard: int = 0) -> Batch:
        """The batch of a step; further processes have further shards."""
        random = np.random.Generator(np.random.PCG64([self._seed, step, shard]))
        crops = [self._mixed(random) for _ in range(self._batch)]
        lengths = np.array([len(sound) for sound, _ in crops], np.int64)
        audio = np.zeros((self._batch, int(lengths.max())), np.float32)
        for row, (sound, _) in zip(audio, crops, strict=True):
            row[: len(sound)] = sound
        return Batch(audio, lengths, np.stack([target for _, target in crops]))

    def _mixed(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A sound, or two of equal loudness together: the label says how much of the power each has (Tokozume et al.,
        "Learning from between-class examples", 2018)."""
        sound, number = self._random_crop(random)
        target = np.eye(self._classes, dtype=np.float32)[number]
        if random.random() >= self._changes.mix:
            return normalise_level(sound), target
        other_sound, other_number = self._random_crop(random)
        share = random.uniform(0.5, 1.0)
        mixture = np.zeros(max(len(sound), len(other_sound)), np.float32)
        mixture[: len(sound)] += share * normalise_level(sound)
        mixture[: len(other_sound)] += (1 - share) * normalise_level(other_sound)
        part = share**2 / (share**2 + (1 - share) ** 2)
        return normalise_level(mixture), part * target + (1 - part) * np.eye(self._classes, dtype=np.float32)[
            other_number
        ]

    def _random_crop(self, random: np.random.Generator) -> tuple[np.ndarray, int]:
        members = self._members[int(random.integers(len(self._members)))]
        row = int(members[int(random.integers(len(members)))])
        return self._changed(self._crop(row, random), random), int(self._labels[row])

    def _crop(self, row: int, random: np.random.Generator) -> np.ndarray:
        sound_length = int(self._cache.lengths[row])
        length = max(1, round(min(sound_length, self._longest) * random.uniform(self._changes.share, 1.0)))
        return to_mono(self._cache.crop(row, int(random.integers(sound_length - length + 1)), length))

    def _changed(self, sound: np.ndarray, random: np.random.Generator) -> np.ndarray:
        speed = 1 + random.uniform(-self._changes.speed, self._changes.speed)
        sound = _tilted(_faster(sound, speed), self._changes.tilt, random)
        level = float(np.sqrt(np.mean(np.square(sound)))) + 1e-4
        below = random.uniform(self._changes.noise, self._changes.noise + 40) if self._changes.noise else 120.0
        noise = random.standard_normal(len(sound)).astype(np.float32)  # some always: silence has no gradient
        return sound + level * np.float32(10 ** (-below / 20)) * noise


def _faster(sound: np.ndarray, speed: float) -> np.ndarray:
    """As a tape that runs faster (Ko et al., "Audio augmentation for speech recognition", 2015)."""
    if speed == 1.0 or len(sound) < 2:
        return sound
    positions = np.arange(0, len(sound) - 1, speed)
    return np.interp(positions, np.arange(len(sound)), sound).astype(np.float32)


def _tilted(sound: np.ndarray, max_gain: float, random: np.random.Generator) -> np.ndarray:
    """Through a random smooth filter (Nam et al., "FilterAugment", 2022)."""
    if max_gain == 0:
        return sound
    spectrum = np.fft.rfft(sound)
    knots = np.concatenate(([0.0], np.geomspace(0.01, 1.0, _BANDS - 1))) * (len(spectrum) - 1)
    gains = np.interp(np.arange(len(spectrum)), knots, random.uniform(-max_gain, max_gain, _BANDS))
    return np.fft.irfft(spectrum * 10 ** (gains / 20), len(sound)).astype(np.float32)
