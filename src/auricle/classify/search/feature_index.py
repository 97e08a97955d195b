"""Where the sounds of a folder lie, kept on disk from one search to the next."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialize

from auricle.atomic import atomic_write
from auricle.classify.features.base import Extractor
from auricle.classify.features.cache import cache_folder
from auricle.classify.features.extract import Features, extract
from auricle.classify.features.scaling import Scaling
from auricle.classify.search.neighbours import Neighbours, WhitenedSpace, nearest
from auricle.data.scan import MIN_SECONDS, Rejected, Sound, audio_names, examine_header
from auricle.errors import DataError, OutputError
from auricle.model.files.tensor_file import CHECKSUM, contents_digest
from auricle.options.classification import CacheOptions
from auricle.progress import OnProgress, ignore_progress

_FORMAT, _VERSION = "auricle-library", "2"
_SUFFIX = ".library.safetensors"
_MAX_NEW_SHARE = 0.1  # of all sounds: with more new ones the space is learned anew
_ARRAYS = ("points", "names", "stamps", "mean", "scale", "rotation", "weight")

Stamps = Mapping[str, tuple[int, int]]
"""Size in bytes and time of change in nanoseconds of files, by name."""


@final
@dataclass(frozen=True, eq=False)
class FeatureIndex:
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
    space: WhitenedSpace
    skipped: Mapping[str, tuple[int, int, str]]

    @classmethod
    def of_folder(
        cls,
        folder: Path,
        extractor: Extractor,
        *,
        caching: CacheOptions = CacheOptions(),
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> tuple["FeatureIndex", int]:
        """The index of a folder as it is now, and the number of sounds that were new or had changed.

        Args:
            folder: searched at any depth.
            extractor: makes the features; each has an index of its own.
            caching: where indexes and features are kept.
            on_progress: called while new sounds are read.
            on_note: is told in one line if something that was kept is damaged: it is made anew.

        Raises:
            DataError: the folder holds no usable sound.
        """
        index_folder = None if caching.no_cache else caching.cache or cache_folder("search")
        index_file = None if index_folder is None else _IndexFile(index_folder, folder, extractor.identity)
        stored = index_file.load(on_note) if index_file is not None else None
        feature_caching = caching if caching.cache is None else replace(caching, cache=caching.cache / "features")
        reader = _FolderReader(folder, extractor, feature_caching, on_progress, on_note)
        index, fresh = cls._updated(stored, _folder_stamps(folder), reader)
        if index_file is not None and index is not stored:
            index_file.save(index)
        return index, fresh

    def nearest(self, features: np.ndarray, count: int) -> Neighbours:
        """The sounds nearest to one with these features ``(d,)``."""
        return nearest(self.points, self.space(features[None]), min(count, len(self.names)))

    @classmethod
    def _updated(
        cls, stored: "FeatureIndex | None", stamps: Stamps, reader: "_FolderReader"
    ) -> tuple["FeatureIndex", int]:
        """The index of files with these stamps, and the number of sounds that had to be read."""
        rows = {} if stored is None else stored._unchanged_rows(stamps)
        skipped = {} if stored is None else {n: skip for n, skip in stored.skipped.items() if stamps.get(n) == skip[:2]}
        fresh = [name for name in stamps if name not in rows and name not in skipped]
        if stored is not None and not fresh and len(rows) == len(stored.names):
            return stored, 0
        base = stored if len(fresh) <= _MAX_NEW_SHARE * len(stamps) else None
        read = reader.read(fresh if base is not None else [name for name in stamps if name not in skipped])
        skipped |= {name: (*stamps[name], reason) for name, reason in read.skip_reasons.items()}
        base_rows = {} if base is None else rows
        if not base_rows and not read.names:
            raise DataError(_no_sounds_message(reader.folder, skipped))
        space = WhitenedSpace.fit(read.values) if base is None else base.space
        points = ([base.points[list(base_rows.values())]] if base is not None else []) + (
            [space(read.values)] if read.names else []
        )
        names = (*base_rows, *read.names)
        stamp_array = np.array([stamps[name] for name in names], np.int64)
        return cls(names, stamp_array, np.concatenate(points), space, skipped), len(fresh)

    def _unchanged_rows(self, stamps: Stamps) -> dict[str, int]:
        """Rows of the sounds that are still there and have not changed."""
        own_stamps = self.stamps.tolist()
        return {name: row for row, name in enumerate(self.names) if stamps.get(name) == tuple(own_stamps[row])}


class _FolderFeatures(NamedTuple):
    """Features of some sounds, and why others have none."""

    names: tuple[str, ...]
    values: np.ndarray
    skip_reasons: Mapping[str, str]


@final
@dataclass(frozen=True)
class _FolderReader:
    """Reads sounds of a folder."""

    folder: Path
    extractor: Extractor
    caching: CacheOptions
    on_progress: OnProgress
    on_note: Callable[[str], None]

    def read(self, names: Sequence[str]) -> _FolderFeatures:
        """Features of the sounds of these names."""
        sounds: list[Sound] = []
        skip_reasons: dict[str, str] = {}
        for name in names:
            examined = examine_header(self.folder / name, name, MIN_SECONDS)
            match examined:
                case Sound():
                    sounds.append(examined)
                case Rejected():
                    skip_reasons[name] = examined.reason
        features = Features((), np.zeros((0, 0), np.float32))
        try:
            if sounds:
                features = extract(
                    sounds,
                    self.extractor,
                    caching=self.caching,
                    on_progress=self.on_progress,
                    on_note=self.on_note,
                )
        except DataError as error:  # none can be decoded
            skip_reasons |= {sound.name: str(error) for sound in sounds}
        skip_reasons |= {bad.path.relative_to(self.folder).as_posix(): bad.reason for bad in features.skipped}
        return _FolderFeatures(features.names, features.values, skip_reasons)


@final
class _IndexFile:
    """An index in a file of its own. A damaged one counts as none."""

    def __init__(self, cache: Path, folder: Path, identity: str) -> None:
        key = hashlib.sha256(f"{folder.resolve()}\n{identity}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._path = cache / f"{key}{_SUFFIX}"
        self._metadata = {"format": _FORMAT, "version": _VERSION, "extractor": identity}

    def load(self, on_note: Callable[[str], None]) -> FeatureIndex | None:
        """The index; None if there is none of this extractor, or a damaged one."""
        if not self._path.exists():
            return None
        damage = f"the index {self._path} is damaged: it is made anew"
        try:
            with safe_open(self._path, framework="np") as file:
                metadata = file.metadata() or {}
                if any(metadata.get(key) != value for key, value in self._metadata.items()):
                    return None
                arrays = {name: file.get_tensor(name) for name in _ARRAYS}
            if metadata[CHECKSUM] != contents_digest(metadata, arrays):
                on_note(damage)
                return None
            skipped = {str(n): (int(s), int(t), str(w)) for n, (s, t, w) in json.loads(metadata["skipped"]).items()}
        except (OSError, SafetensorError, LookupError, ValueError, TypeError):
            on_note(damage)
            return None
        names = tuple(os.fsdecode(name) for name in arrays["names"].tobytes().split(b"\0"))
        files, directions = arrays["points"].shape
        fits = len(names) == files == len(arrays["stamps"]) and arrays["rotation"].shape[1:] == (directions,)
        if not fits or not all(np.isfinite(arrays[name]).all() for name in _ARRAYS):
            return None
        space = WhitenedSpace(Scaling(arrays["mean"], arrays["scale"], arrays["rotation"]), arrays["weight"])
        return FeatureIndex(names, arrays["stamps"], arrays["points"], space, skipped)

    def save(self, index: FeatureIndex) -> None:
        """A folder that can't be written is no error: it only costs time."""
        scaling = index.space.scaling
        names = np.frombuffer(b"\0".join(map(os.fsencode, index.names)), np.uint8)
        arrays = {"points": index.points, "names": names, "stamps": index.stamps, "weight": index.space.weight}
        arrays |= {"mean": scaling.mean, "scale": scaling.scale, "rotation": scaling.rotation}
        arrays = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        metadata = {**self._metadata, "skipped": json.dumps(dict(index.skipped))}
        metadata[CHECKSUM] = contents_digest(metadata, arrays)
        with contextlib.suppress(OSError, OutputError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path, force=True) as temporary:
                temporary.write_bytes(serialize(arrays, metadata))


def _folder_stamps(folder: Path) -> Stamps:
    """Every audio file below a folder, with its size and time of change."""
    stamps: dict[str, tuple[int, int]] = {}
    for name in audio_names(folder, lambda path, reason: None):
        try:
            status = (folder / name).stat()
            stamps[name] = (status.st_size, status.st_mtime_ns)
        except OSError:
            stamps[name] = (0, 0)  # a dangling link: opening it will say so
    return dict(sorted(stamps.items()))


def _no_sounds_message(folder: Path, skipped: Mapping[str, tuple[int, int, str]]) -> str:
    if not skipped:
        return f"{folder} holds no audio files: name a folder with .wav, .flac, .ogg, .mp3 or similar files"
    first_reason = next(iter(skipped.values()))[2]
    return f"{folder}: none of its {len(skipped)} audio files can be used; the first problem: {first_reason}"
