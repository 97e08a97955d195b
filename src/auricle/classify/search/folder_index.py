"""The index of a folder that is kept in the user's cache from one search to the next."""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from auricle.classify.features.cache import cache_folder
from auricle.classify.features.latents import EncoderFeatures
from auricle.classify.search.feature_index import FeatureIndex, Stamps
from auricle.classify.search.index_file import SUFFIX, IndexMetadata, read_index, write_index
from auricle.classify.search.index_update import LocalReader, updated
from auricle.data.scan import audio_names, nothing_usable
from auricle.errors import DataError, ModelError, OutputError
from auricle.options.classification import CacheOptions
from auricle.progress import OnProgress, ignore_progress

_MAX_NEW_SHARE = 0.1  # of all sounds: with more new ones the space is learned anew


def folder_index(
    folder: Path,
    extractor: EncoderFeatures,
    *,
    caching: CacheOptions = CacheOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> tuple[FeatureIndex, int]:
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
    path = _path_in_cache(folder, extractor, caching)
    stored = None if path is None or not path.exists() else _load(path, on_note)
    feature_caching = caching if caching.cache is None else replace(caching, cache=caching.cache / "features")
    reader = LocalReader(folder, extractor, None, feature_caching, on_progress, on_note)
    stamps = folder_stamps(folder)
    if stored is None or len(stamps) - len(stored.unchanged(stamps)) > _MAX_NEW_SHARE * len(stamps):
        index, fresh = reader.index(stamps, None), len(stamps) - len(stored.unchanged(stamps) if stored else ())
    else:
        index, fresh = updated(stored, stamps, reader)
    if not index.names:
        raise DataError(nothing_usable(folder, [reason for _, _, reason in index.rejected.values()]))
    if path is not None and index is not stored:
        _save(path, index, extractor)
    return index, fresh


def folder_stamps(folder: Path) -> Stamps:
    """Every audio file below a folder, with its size and time of change.

    Raises:
        DataError: there is no such folder.
    """
    stamps: dict[str, tuple[int, int]] = {}
    for name in audio_names(folder, lambda path, reason: None):
        try:
            status = (folder / name).stat()
            stamps[name] = (status.st_size, status.st_mtime_ns)
        except OSError:
            stamps[name] = (0, 0)  # a dangling link: opening it will say so
    return dict(sorted(stamps.items()))


def metadata_of(index: FeatureIndex, extractor: EncoderFeatures) -> IndexMetadata:
    """What a file says of an index that this extractor made."""
    return IndexMetadata(
        model=extractor.model.name,
        encoder=extractor.fingerprint,
        feature_config=extractor.config,
        features=extractor.kind,
        window=None if index.grid is None else index.grid.seconds,
        hop=None if index.grid is None else index.grid.hop_seconds,
        fitted_on=index.fitted_on,
    )


def _path_in_cache(folder: Path, extractor: EncoderFeatures, caching: CacheOptions) -> Path | None:
    if caching.no_cache:
        return None
    key = hashlib.sha256(f"{folder.resolve()}\n{extractor.identity}".encode("utf-8", "surrogateescape")).hexdigest()
    return (caching.cache or cache_folder("search")) / f"{key[:32]}{SUFFIX}"


def _load(path: Path, on_note: Callable[[str], None]) -> FeatureIndex | None:
    try:
        return read_index(path)[0]
    except ModelError:
        on_note(f"the index {path} is damaged: it is made anew")
        return None


def _save(path: Path, index: FeatureIndex, extractor: EncoderFeatures) -> None:
    """A folder that can't be written is no error: it only costs time."""
    with contextlib.suppress(OSError, OutputError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_index(path, index, metadata_of(index, extractor), force=True)
