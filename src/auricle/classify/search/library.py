"""Where the sounds of a folder lie, kept on disk from one search to the next."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from auricle.atomic import atomic_write
from auricle.classify.features.base import Extractor
from auricle.classify.features.extract import Features, extract
from auricle.classify.features.scaling import Scaling
from auricle.classify.search.neighbours import ExactIndex, GraphIndex, Index, Space, graphs_available
from auricle.data.scan import MIN_SECONDS, Rejected, Sound, audio_names, examine_header
from auricle.errors import DataError, OutputError
from auricle.progress import OnProgress, ignore_progress

GRAPH_FROM = 200_000
"""Sounds from which on a graph is made: below, comparing with all of them takes milliseconds."""
_FORMAT, _VERSION = "auricle-library", "1"
_SUFFIX = ".library.safetensors"
_MOST_FRESH = 0.1  # of all sounds: with more new ones the space is learned anew
_ARRAYS = ("points", "names", "stamps", "mean", "scale", "rotation", "weight")

Stamps = Mapping[str, tuple[int, int]]


@final
@dataclass(frozen=True, eq=False)
class Library:
    """The sounds of a folder as points.

    Attributes:
        names: relative to the folder.
        stamps: int64 ``(files, 2)``, size in bytes and time of change in nanoseconds.
        points: float32 ``(files, r)``, of length 1.
        space: what makes points of features.
        skipped: files that can't be used: name, size and time, and why.
    """

    names: tuple[str, ...]
    stamps: np.ndarray
    points: np.ndarray
    space: Space
    skipped: Mapping[str, tuple[int, int, str]]

    @classmethod
    def of(
        cls,
        folder: Path,
        extractor: Extractor,
        *,
        cache: Path | None = None,
        keep: bool = True,
        on_progress: OnProgress = ignore_progress,
    ) -> tuple["Library", Index, int]:
        """The library of a folder as it is now, an index of it, and the number of sounds that were new or had changed.

        Args:
            folder: searched at any depth.
            extractor: makes the features; each has a library of its own.
            cache: where libraries and features are kept; by default below the user's cache folder.
            keep: False neither reads nor writes them.
            on_progress: called while new sounds are read.

        Raises:
            DataError: the folder holds no usable sound.
        """
        store = _Store(cache or _default_folder(), folder, extractor.identity) if keep else None
        stored = store.load() if store is not None else None
        reader = _Reader(folder, extractor, _features(cache), keep, on_progress)
        made, fresh = cls._renewed(stored, _listed(folder), reader)
        if store is not None and made is not stored:
            store.save(made)
        return made, _index(made.points, store), fresh

    @classmethod
    def _renewed(cls, stored: "Library | None", found: Stamps, reader: "_Reader") -> tuple["Library", int]:
        """The library of what was found, and the number of sounds that had to be read."""
        rows = {} if stored is None else stored._rows(found)
        refused = {} if stored is None else {n: w for n, w in stored.skipped.items() if found.get(n) == w[:2]}
        fresh = [name for name in found if name not in rows and name not in refused]
        if stored is not None and not fresh and len(rows) == len(stored.names):
            return stored, 0
        old = stored if len(fresh) <= _MOST_FRESH * len(found) else None
        read = reader.read(fresh if old is not None else [name for name in found if name not in refused])
        refused |= {name: (*found[name], reason) for name, reason in read.refused.items()}
        kept = {} if old is None else rows
        if not kept and not read.names:
            raise DataError(_nothing(reader.folder, refused))
        space = Space.fit(read.values) if old is None else old.space
        points = ([old.points[list(kept.values())]] if old is not None else []) + (
            [space(read.values)] if read.names else []
        )
        names = (*kept, *read.names)
        stamps = np.array([found[name] for name in names], np.int64)
        return cls(names, stamps, np.concatenate(points), space, refused), len(fresh)

    def _rows(self, found: Stamps) -> dict[str, int]:
        """Rows of the sounds that are still there and have not changed."""
        stamps = self.stamps.tolist()
        return {name: row for row, name in enumerate(self.names) if found.get(name) == tuple(stamps[row])}


class _Read(NamedTuple):
    """Features of some sounds, and why others have none."""

    names: tuple[str, ...]
    values: np.ndarray
    refused: Mapping[str, str]


@final
@dataclass(frozen=True)
class _Reader:
    """Reads sounds of a folder."""

    folder: Path
    extractor: Extractor
    cache: Path | None
    keep: bool
    on_progress: OnProgress

    def read(self, names: Sequence[str]) -> _Read:
        """Features of the sounds of these names."""
        sounds: list[Sound] = []
        refused: dict[str, str] = {}
        for name in names:
            found = examine_header(self.folder / name, name, MIN_SECONDS)
            match found:
                case Sound():
                    sounds.append(found)
                case Rejected():
                    refused[name] = found.reason
        made = Features((), np.zeros((0, 0), np.float32))
        try:
            if sounds:
                made = extract(sounds, self.extractor, cache=self.cache, keep=self.keep, on_progress=self.on_progress)
        except DataError as error:  # none can be decoded
            refused |= {sound.name: str(error) for sound in sounds}
        refused |= {bad.path.relative_to(self.folder).as_posix(): bad.reason for bad in made.skipped}
        return _Read(made.names, made.values, refused)


@final
class _Store:
    """A library in a file of its own, with a graph beside it where it is large. A damaged one counts as none."""

    def __init__(self, cache: Path, folder: Path, identity: str) -> None:
        key = hashlib.sha256(f"{folder.resolve()}\n{identity}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._path = cache / f"{key}{_SUFFIX}"
        self._words = {"format": _FORMAT, "version": _VERSION, "extractor": identity}

    def load(self) -> Library | None:
        try:
            with safe_open(self._path, framework="np") as file:
                words = file.metadata() or {}
                if any(words.get(key) != value for key, value in self._words.items()):
                    return None
                arrays = {name: file.get_tensor(name) for name in _ARRAYS}
            skipped = {str(n): (int(s), int(t), str(w)) for n, (s, t, w) in json.loads(words["skipped"]).items()}
        except (OSError, SafetensorError, LookupError, ValueError, TypeError):
            return None
        names = tuple(os.fsdecode(name) for name in arrays["names"].tobytes().split(b"\0"))
        files, directions = arrays["points"].shape
        fits = len(names) == files == len(arrays["stamps"]) and arrays["rotation"].shape[1:] == (directions,)
        if not fits or not all(np.isfinite(arrays[name]).all() for name in _ARRAYS):
            return None
        space = Space(Scaling(arrays["mean"], arrays["scale"], arrays["rotation"]), arrays["weight"])
        return Library(names, arrays["stamps"], arrays["points"], space, skipped)

    def save(self, library: Library) -> None:
        """A folder that can't be written is no error: it only costs time."""
        scaling = library.space.scaling
        names = np.frombuffer(b"\0".join(map(os.fsencode, library.names)), np.uint8)
        arrays = {"points": library.points, "names": names, "stamps": library.stamps, "weight": library.space.weight}
        arrays |= {"mean": scaling.mean, "scale": scaling.scale, "rotation": scaling.rotation}
        words = {**self._words, "skipped": json.dumps(dict(library.skipped))}
        with contextlib.suppress(OSError, OutputError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path, force=True) as temporary:
                save_file({name: np.ascontiguousarray(value) for name, value in arrays.items()}, temporary, words)

    def graph(self, points: np.ndarray) -> Index:
        """The graph of these points, from its file if that is there; its name tells which points they are."""
        stem = self._path.name.removesuffix(_SUFFIX)
        path = self._path.with_name(f"{stem}-{hashlib.sha256(points.tobytes()).hexdigest()[:16]}.graph")
        if path.is_file():
            with contextlib.suppress(DataError):
                return GraphIndex.load(path, (points.shape[0], points.shape[1]))
        made = GraphIndex(points)
        with contextlib.suppress(OSError, OutputError, RuntimeError):
            for old in path.parent.glob(f"{stem}-*.graph"):
                old.unlink()
            with atomic_write(path, force=True) as temporary:
                made.save(temporary)
        return made


def _default_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "auricle" / "search"


def _features(cache: Path | None) -> Path | None:
    return None if cache is None else cache / "features"


def _index(points: np.ndarray, store: _Store | None) -> Index:
    if len(points) < GRAPH_FROM or store is None or not graphs_available():
        return ExactIndex(points)
    return store.graph(points)


def _listed(folder: Path) -> Stamps:
    """Every audio file below a folder, with its size and time of change."""
    found: dict[str, tuple[int, int]] = {}
    for name in audio_names(folder, lambda path, reason: None):
        try:
            status = (folder / name).stat()
            found[name] = (status.st_size, status.st_mtime_ns)
        except OSError:
            found[name] = (0, 0)  # a dangling link: opening it will say so
    return dict(sorted(found.items()))


def _nothing(folder: Path, refused: Mapping[str, tuple[int, int, str]]) -> str:
    if not refused:
        return f"{folder} holds no audio files: name a folder with .wav, .flac, .ogg, .mp3 or similar files"
    first = next(iter(refused.values()))[2]
    return f"{folder}: none of its {len(refused)} audio files can be used; the first problem: {first}"
