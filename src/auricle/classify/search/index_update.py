"""Reading sounds into an index, and an index brought up to date with the files that are there now."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from auricle.classify.features.extract import extract
from auricle.classify.features.latents import EncoderFeatures
from auricle.classify.features.windows import WindowGrid, placed_windows
from auricle.classify.search.feature_index import FeatureIndex, Stamps
from auricle.classify.search.neighbours import WhitenedSpace
from auricle.data.scan import MIN_SECONDS, Rejected, Sound, examine_header, nothing_usable
from auricle.errors import AudioError, DataError
from auricle.options.classification import CacheOptions
from auricle.progress import OnProgress, Progress

_FIT_POINTS = 4000
"""Points that a space is learned from, where there are so many: its directions change little with more."""
_FILES_AT_ONCE = 1000


class FeatureChunk(NamedTuple):
    """Features ``(n, d)`` of points of a file, and the second at which each begins ``(n,)``; or why it has none."""

    name: str
    begins: np.ndarray
    values: np.ndarray
    reason: str | None = None


def updated(
    stored: FeatureIndex, stamps: Stamps, reader: "SoundReader", scope: Callable[[str], bool] = lambda name: True
) -> tuple[FeatureIndex, int]:
    """An index with the files of now, and how many were new or had changed; the same index where nothing is different.

    Args:
        stored: the index of before.
        stamps: of the files that are there now.
        reader: reads what is new.
        scope: says whether a name is gone where ``stamps`` lack it; others stay.
    """
    unchanged = stored.unchanged(stamps)
    gone = {
        name for name in (*stored.names, *stored.rejected) if name not in unchanged and (scope(name) or name in stamps)
    }
    fresh = {name: stamp for name, stamp in stamps.items() if name not in unchanged}
    index = stored.without(gone)
    return (index.joined(reader.index(fresh, index.space)) if fresh else index), len(fresh)


class SoundReader(ABC):
    """Reads files into an index.

    Attributes:
        base: what names are relative to.
        extractor: makes the features.
        grid: windows that have a point each; None for one of each file.
    """

    base: Path
    extractor: EncoderFeatures
    grid: WindowGrid | None

    def index(self, stamps: Stamps, space: WhitenedSpace | None) -> FeatureIndex:
        """An index of files, in a space or one that is learned from the first few thousand points of files that lie
        evenly among them.

        Args:
            stamps: of the files.
            space: None learns one.

        Raises:
            DataError: none can be used, and there is no space.
        """
        collected = PointCollector(space)
        for chunk in self.chunks(_evenly_spread(tuple(stamps)) if space is None else tuple(stamps)):
            collected.add(chunk)
        return replace(collected.index(stamps, self.grid, self.base), feature_arrays=self.extractor.arrays)

    @abstractmethod
    def chunks(self, names: Sequence[str]) -> Iterator[FeatureChunk]:
        """The points of files, file by file."""


@final
@dataclass(frozen=True)
class LocalReader(SoundReader):
    """Reads one file after another in this process, with flat memory.

    Attributes:
        caching: where features of whole files are kept.
        on_progress: called while sounds are read.
        on_note: is told in one line what was damaged.
    """

    base: Path
    extractor: EncoderFeatures
    grid: WindowGrid | None
    caching: CacheOptions
    on_progress: OnProgress
    on_note: Callable[[str], None]

    def chunks(self, names: Sequence[str]) -> Iterator[FeatureChunk]:
        """The points of files, file by file."""
        read = self._file_chunks if self.grid is None else self._window_chunks
        return read(names)

    def _file_chunks(self, names: Sequence[str]) -> Iterator[FeatureChunk]:
        """One point of each file; all are read together where the cache holds their features anyway."""
        size = _FILES_AT_ONCE if self.caching.no_cache else max(1, len(names))
        for start in range(0, len(names), size):
            sounds: list[Sound] = []
            for name in names[start : start + size]:
                sound = self._examined(name)
                if isinstance(sound, Sound):
                    sounds.append(sound)
                else:
                    yield sound
            if sounds:
                yield from self._extracted(sounds, start, len(names))

    def _extracted(self, sounds: Sequence[Sound], done: int, total: int) -> Iterator[FeatureChunk]:
        def report(progress: Progress) -> None:
            self.on_progress(Progress(progress.stage, done + progress.done, total, progress.unit))

        try:
            features = extract(sounds, self.extractor, caching=self.caching, on_progress=report, on_note=self.on_note)
        except DataError as error:  # none can be decoded
            yield from (rejected_chunk(sound.name, str(error)) for sound in sounds)
            return
        for name, row in zip(features.names, features.values, strict=True):
            yield FeatureChunk(name, np.zeros(1, np.float32), row[None])
        names: dict[Path | str, str] = {sound.path: sound.name for sound in sounds}
        yield from (rejected_chunk(names[bad.path], bad.reason) for bad in features.rejected)

    def _window_chunks(self, names: Sequence[str]) -> Iterator[FeatureChunk]:
        assert self.grid is not None
        for count, name in enumerate(names, 1):
            sound = self._examined(name)
            if isinstance(sound, FeatureChunk):
                yield sound
                continue
            yield from window_chunks(sound.path, name, self.extractor, self.grid, self.on_note)
            self.on_progress(Progress(f"windows: {self.extractor.name}", count, len(names), "sounds"))

    def _examined(self, name: str) -> Sound | FeatureChunk:
        examined = examine_header(self.base / name, name, MIN_SECONDS)
        return rejected_chunk(name, examined.reason) if isinstance(examined, Rejected) else examined


@final
class PointCollector:
    """Points that come in bit by bit; features wait until there are enough to learn a space from."""

    def __init__(self, space: WhitenedSpace | None) -> None:
        self._space, self._fitted_on = space, 0
        self._waiting: list[np.ndarray] = []
        self._waiting_points = 0
        self._points: list[np.ndarray] = []
        self._begins: dict[str, list[np.ndarray]] = {}
        self._reasons: dict[str, str] = {}

    def add(self, chunk: FeatureChunk) -> None:
        if chunk.reason is not None:
            self._reasons[chunk.name] = chunk.reason
            return
        self._begins.setdefault(chunk.name, []).append(chunk.begins)
        if self._space is not None:
            self._points.append(self._space(chunk.values))
            return
        self._waiting.append(chunk.values)
        self._waiting_points += len(chunk.values)
        if self._waiting_points >= _FIT_POINTS:
            self._fit()

    def index(self, stamps: Stamps, grid: WindowGrid | None, base: Path) -> FeatureIndex:
        if self._space is None and not self._waiting:
            raise DataError(nothing_usable(base, list(self._reasons.values())))
        space = self._space if self._space is not None else self._fit()
        begins = [np.concatenate(parts) for parts in self._begins.values()]
        return FeatureIndex(
            names=tuple(self._begins),
            stamps=np.array([stamps[name] for name in self._begins], np.int64).reshape(-1, 2),
            counts=np.array([len(part) for part in begins], np.int64),
            begins=np.concatenate([np.zeros(0, np.float32), *begins]),
            points=np.concatenate([np.zeros((0, len(space.weight)), np.float32), *self._points]),
            space=space,
            fitted_on=self._fitted_on,
            rejected={name: (*stamps[name], reason) for name, reason in self._reasons.items()},
            grid=grid,
        )

    def _fit(self) -> WhitenedSpace:
        values, self._waiting = np.concatenate(self._waiting), []
        self._space, self._fitted_on = WhitenedSpace.fit(values), len(values)
        self._points.append(self._space(values))
        return self._space


def window_chunks(
    path: Path, name: str, extractor: EncoderFeatures, grid: WindowGrid, on_note: Callable[[str], None]
) -> Iterator[FeatureChunk]:
    """The points of a file's windows, half a minute at a time; of a damaged file those up to the damage."""
    has_points = False
    try:
        for windows in placed_windows(path, extractor, grid):
            yield FeatureChunk(name, windows.begins, windows.values)
            has_points = True
    except AudioError as error:
        if has_points:
            on_note(f"read up to the damage: {error}")
        else:
            yield rejected_chunk(name, str(error))


def rejected_chunk(name: str, reason: str) -> FeatureChunk:
    """Of a file that has no points."""
    return FeatureChunk(name, np.zeros(0, np.float32), np.zeros((0, 0), np.float32), reason)


def _evenly_spread(names: tuple[str, ...]) -> tuple[str, ...]:
    """All names in another order: first some that lie evenly among them."""
    step = max(1, len(names) // _FIT_POINTS)
    return tuple(name for first in range(step) for name in names[first::step])
