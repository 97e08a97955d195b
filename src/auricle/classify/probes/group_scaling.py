"""Features relative to those of their own group, such as a speaker or a kit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, final

import numpy as np

from auricle.errors import DataError

GROUP_SCALING = "groups."
"""What its arrays' names begin with in a classifier's file."""
GROUP_SCALING_LAYOUT = MappingProxyType(
    {f"{GROUP_SCALING}mean": ("F32", "d"), f"{GROUP_SCALING}deviation": ("F32", "d")}
)
_SILENT_GROUP = "\0silent"
"""Of silent sounds: nothing in a path or a table is called so. (Arrays of texts lose zeros at the end.)"""
_PRIOR_SOUNDS = 20.0
"""At so many sounds a group's own mean and variance count as much as those of all sounds."""
_SMALLEST_SHARE = 1e-6
"""Of the largest deviation: a feature that never varies is divided by this much."""


@final
@dataclass(frozen=True)
class GroupScaling:
    """Takes each group's mean from its features and divides by its deviation ("speaker normalisation").

    What a voice, a kit or a microphone adds is alike in all of its sounds, and says nothing of their classes. A group
    of few sounds says little of itself, so its mean and variance are drawn towards those of all sounds that were
    learned from, as a prior worth 20 sounds would. No labels are looked at.

    Attributes:
        mean: of all sounds that were learned from, ``(d,)``.
        deviation: theirs, ``(d,)``, above 0.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def learn(cls, values: np.ndarray) -> Self:
        """From the features ``(files, d)`` of the sounds that a probe learns from."""
        mean, deviation = values.mean(0, dtype=np.float64), values.std(0, dtype=np.float64)
        smallest = max(float(deviation.max(initial=0.0)) * _SMALLEST_SHARE, 1e-12)
        return cls(mean.astype(np.float32), np.maximum(deviation, smallest).astype(np.float32))

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """From those of a classifier's file."""
        return cls(arrays[f"{GROUP_SCALING}mean"], arrays[f"{GROUP_SCALING}deviation"])

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that it has learned, by its name in a classifier's file."""
        return {f"{GROUP_SCALING}mean": self.mean, f"{GROUP_SCALING}deviation": self.deviation}

    def relative(self, values: np.ndarray, groups: Sequence[str] | np.ndarray) -> np.ndarray:
        """Features ``(files, d)`` relative to their groups, in deviations, float32."""
        _, numbers, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
        placed = np.empty(values.shape, np.float32)
        for rows in np.split(np.argsort(numbers, kind="stable"), np.cumsum(counts)[:-1]):
            own = values[rows].astype(np.float64)
            weight = len(own) / (len(own) + _PRIOR_SOUNDS)
            mean = self.mean + weight * (own.mean(0) - self.mean)
            variance = weight * own.var(0) + (1 - weight) * np.square(self.deviation, dtype=np.float64)
            placed[rows] = (own - mean) / np.sqrt(variance)
        return placed


def groups_apart_from_silence(groups: Sequence[str], silent: Sequence[bool] | np.ndarray) -> list[str]:
    """Groups in which silent sounds are not: they say nothing of what is usual there, and lie far from all others."""
    return [_SILENT_GROUP if mute else group for group, mute in zip(groups, silent, strict=True)]


def required_groups(groups: Sequence[str] | None) -> Sequence[str]:
    """The groups, which features are to be relative to.

    Raises:
        DataError: none is known.
    """
    if groups is None:
        raise DataError("no groups are known, and features are to be relative to theirs: name them with --groups")
    return groups
