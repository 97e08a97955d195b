"""Indexes of sounds in files of their own: made, added to, deleted from."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.atomic import check_writable
from auricle.audio.suffixes import refuse_sound_name
from auricle.classify.features.hearing import features_with, model_features
from auricle.classify.features.latents import EncoderFeatures
from auricle.classify.features.windows import WindowGrid
from auricle.classify.search.feature_index import FeatureIndex, Stamps
from auricle.classify.search.folder_index import folder_stamps, metadata_of
from auricle.classify.search.index_file import IndexMetadata, read_index, write_index
from auricle.classify.search.index_update import LocalReader, SoundReader, updated
from auricle.data.scan import MIN_SECONDS, Rejected, Sound, examine_header
from auricle.errors import DataError, ModelError, OptionError
from auricle.model import Autoencoder, load, shipped
from auricle.model.default_model import default_model
from auricle.model.files.tensor_file import short_digest
from auricle.options.classification import CacheOptions, FeatureKind, IndexOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, ignore_progress

ReaderFactory = Callable[[Path, EncoderFeatures, WindowGrid | None], SoundReader]
"""Makes what reads sounds, of what names are relative to, what makes the features, and windows."""


@final
@dataclass(frozen=True)
class IndexResult:
    """What an index holds now.

    Attributes:
        path: the file.
        files: that it holds.
        points: of these: one each, or one for each window.
        fresh: files that were new or had changed, and were read.
        removed: files that are no longer in it.
        rejected: files that can't be used, and why.
        model: name of the autoencoder.
        fitted_on: points that the space was learned from, when the index was made.
    """

    path: Path
    files: int
    points: int
    fresh: int
    removed: int
    rejected: tuple[Rejected, ...]
    model: str
    fitted_on: int


@check_arguments()
def index(
    folder: Path | str,
    out: Path | str,
    *,
    model: Autoencoder | Path | str | None = None,
    options: IndexOptions = IndexOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> IndexResult:
    """Make an index of a folder of sounds, or bring one up to date: new and changed files are read, and those that are
    gone are forgotten. Files of other folders that it holds stay.

    Args:
        folder: searched at any depth.
        out: the index. Sounds beside or below it are named relative to it, so that both can be moved.
        model: whose encoder hears: a model, a shipped name or a model file. A new index takes ``speech`` where the
            first sound has up to 24 kHz, else ``music``; an old one the shipped model that it was made with.
        options: windows; whether to begin anew, or to remove the folder's sounds.
        on_progress: called while sounds are read.
        on_note: is told in one line about what was damaged.

    Raises:
        DataError: the folder holds no usable sound.
        ModelError: ``out`` is no index, or the model is not that of the index.
        OptionError: other windows than the index has.
        OutputError: ``out`` can't be written.
    """

    def reader_of(base: Path, extractor: EncoderFeatures, grid: WindowGrid | None) -> SoundReader:
        return LocalReader(base, extractor, grid, CacheOptions(no_cache=True), on_progress, on_note)

    return index_with(reader_of, Path(folder), Path(out), model, options, on_note)


def index_with(
    reader_of: ReaderFactory,
    folder: Path,
    out: Path,
    model: Autoencoder | Path | str | None,
    options: IndexOptions,
    on_note: Callable[[str], None],
) -> IndexResult:
    """As `index`, with another way to read sounds."""
    refuse_sound_name(out, "an index", ".index")
    check_writable(out, force=True)
    stored = None if options.force or not out.exists() else read_index(out)
    if options.remove:
        return _removed(folder, out, stored)
    stamps = {_stored_name(folder / name, out.parent): stamp for name, stamp in folder_stamps(folder).items()}
    if stored is None:
        extractor = _new_extractor(folder, out.parent, stamps, model, options, on_note)
    else:
        extractor = extractor_of(out, *stored, model, options.features)
    reader = reader_of(out.parent, extractor, _grid(options, stored[0] if stored else None, out))
    if stored is None:
        return _written(out, reader.index(stamps, None), extractor, len(stamps), 0)
    new_index, fresh = updated(stored[0], stamps, reader, _inside(folder, out.parent))
    gone = set(stored[0].names) - set(new_index.names)
    return _written(out, new_index, extractor, fresh, len(gone))


def extractor_of(
    path: Path,
    contents: FeatureIndex,
    metadata: IndexMetadata,
    model: Autoencoder | Path | str | None,
    kind: FeatureKind | None,
) -> EncoderFeatures:
    """What made the points of an index.

    Raises:
        ModelError: the model is not known, or another one.
        OptionError: other features were asked for.
    """
    if kind not in (None, metadata.features):
        raise OptionError(f"{path} has features {metadata.features}: leave --features out, or make the index anew")
    if model is None and metadata.model not in shipped():
        raise ModelError(f"{path} was made with the model {metadata.model!r}: name its file with --model")
    named = metadata.model if model is None else model
    autoencoder = named if isinstance(named, Autoencoder) else load(named)
    extractor = features_with(autoencoder, metadata.feature_config, metadata.features, contents.feature_arrays)
    if extractor.fingerprint != metadata.encoder:
        raise ModelError(
            f"{path} was made with the encoder {short_digest(metadata.encoder)} (model {metadata.model!r}), but "
            f"{autoencoder.name!r} has the encoder {short_digest(extractor.fingerprint)}: name the model it was made "
            "with, or make the index anew"
        )
    size = len(contents.space.scaling.mean)
    current = extractor.size if contents.grid is None else extractor.window_size
    if size != current:
        raise ModelError(f"{path} has {size} features a sound, but they are {current} now: make it anew with --force")
    return extractor


def _new_extractor(
    folder: Path,
    base: Path,
    stamps: Stamps,
    model: Autoencoder | Path | str | None,
    options: IndexOptions,
    on_note: Callable[[str], None],
) -> EncoderFeatures:
    examined = (examine_header(base / name, name, MIN_SECONDS) for name in stamps)
    rate = next((sound.sample_rate for sound in examined if isinstance(sound, Sound)), None)
    if rate is None:
        raise DataError(f"{folder} holds no usable sound: name a folder with .wav, .flac, .ogg, .mp3 or similar files")
    return model_features(default_model(rate) if model is None else model, None, options.features, on_note)


def _grid(options: IndexOptions, stored: FeatureIndex | None, path: Path) -> WindowGrid | None:
    requested = None if options.window is None else WindowGrid(options.window, options.hop or options.window / 2)
    if stored is None:
        return requested
    if requested is not None and requested != stored.grid:
        has = "whole files" if stored.grid is None else f"windows of {stored.grid.seconds:g} s"
        raise OptionError(f"{path} has {has}: leave --window out, or make it anew with --force")
    return stored.grid


def _removed(folder: Path, out: Path, stored: tuple[FeatureIndex, IndexMetadata] | None) -> IndexResult:
    if stored is None:
        raise OptionError(f"there is no index {out} to remove sounds from: name one, without --force")
    old, metadata = stored
    inside, file_name = _inside(folder, out.parent), _stored_name(folder, out.parent)
    gone = {name for name in (*old.names, *old.rejected) if inside(name) or name == file_name}
    if not gone:
        raise DataError(f"{out} holds nothing of {folder}: name a file or folder whose sounds it holds")
    new_index = old.without(gone)
    write_index(out, new_index, metadata, force=True)
    return _result(out, new_index, metadata.model, 0, len(gone & set(old.names)))


def _written(out: Path, new_index: FeatureIndex, extractor: EncoderFeatures, fresh: int, removed: int) -> IndexResult:
    write_index(out, new_index, metadata_of(new_index, extractor), force=True)
    return _result(out, new_index, extractor.model.name, fresh, removed)


def _result(out: Path, held: FeatureIndex, model: str, fresh: int, removed: int) -> IndexResult:
    rejected = tuple(Rejected(out.parent / name, reason) for name, (_, _, reason) in held.rejected.items())
    return IndexResult(out, len(held.names), len(held.points), fresh, removed, rejected, model, held.fitted_on)


def _stored_name(path: Path, base: Path) -> str:
    """Relative to the index where the path lies below its folder, else absolute; with forward slashes."""
    absolute, home = Path(os.path.abspath(path)), Path(os.path.abspath(base))  # noqa: PTH100 (links stay links)
    return (absolute.relative_to(home) if absolute.is_relative_to(home) else absolute).as_posix()


def _inside(folder: Path, base: Path) -> Callable[[str], bool]:
    """Whether a stored name lies below a folder."""
    name = _stored_name(folder, base)
    if name == ".":
        return lambda stored: not stored.startswith("/")
    return lambda stored: stored.startswith(f"{name.rstrip('/')}/")
