"""Where sounds lie: one point for each sound, or for each window of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, final

import numpy as np

from auricle.classify.features.windows import WindowGrid
from auricle.classify.search.neighbours import WhitenedSpace

Stamps = Mapping[str, tuple[int, int]]
"""Size in bytes and time of change in nanoseconds of files, by name."""


@final
@dataclass(frozen=True, eq=False)
class FeatureIndex:
    """Sounds as points.

    Attributes:
        names: of the files, relative to where the index lies or absolute.
        stamps: int64 ``(files, 2)``, size in bytes and time of change in nanoseconds.
        counts: int64 ``(files,)``, points of each file, one or more; those of one file lie together, in order of time.
        begins: float32 ``(points,)``, second at which each begins in its file.
        points: float32 ``(points, r)``, of length 1.
        space: what makes points of features.
        fitted_on: points that the space was learned from.
        rejected: files that can't be used: name, size and time, and why.
        grid: windows that have a point each; None where a whole file has one.
        feature_arrays: what the features need besides the encoder, by name.
    """

    names: tuple[str, ...]
    stamps: np.ndarray
    counts: np.ndarray
    begins: np.ndarray
    points: np.ndarray
    space: WhitenedSpace
    fitted_on: int
    rejected: Mapping[str, tuple[int, int, str]]
    grid: WindowGrid | None = None
    feature_arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def file_numbers(self) -> np.ndarray:
        """Number of the file of each point, int64 ``(points,)``."""
        return np.repeat(np.arange(len(self.names)), self.counts)

    def unchanged(self, stamps: Stamps) -> set[str]:
        """Names of the files that have the points or the reason that they would have now."""
        stamp_by_name = dict(zip(self.names, map(tuple, self.stamps.tolist()), strict=True))
        stamp_by_name |= {name: skip[:2] for name, skip in self.rejected.items()}
        return {name for name, stamp in stamps.items() if stamp_by_name.get(name) == stamp}

    def without(self, names: set[str]) -> Self:
        """The index without these files."""
        if names.isdisjoint(self.names) and names.isdisjoint(self.rejected):
            return self
        stay = np.array([name not in names for name in self.names], bool)
        points_stay = np.repeat(stay, self.counts)
        return replace(
            self,
            names=tuple(name for name in self.names if name not in names),
            stamps=self.stamps[stay],
            counts=self.counts[stay],
            begins=self.begins[points_stay],
            points=self.points[points_stay],
            rejected={name: skip for name, skip in self.rejected.items() if name not in names},
        )

    def joined(self, other: Self) -> Self:
        """The index with the files of another one of the same space after its own."""
        return replace(
            self,
            names=(*self.names, *other.names),
            stamps=np.concatenate((self.stamps, other.stamps)),
            counts=np.concatenate((self.counts, other.counts)),
            begins=np.concatenate((self.begins, other.begins)),
            points=np.concatenate((self.points, other.points)),
            rejected={**self.rejected, **other.rejected},
        )
