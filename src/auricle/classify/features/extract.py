"""Features of files: one vector for each sound."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import cast, final

import numpy as np

from auricle.audio import AudioSource, rereadable, source_path
from auricle.classify.features.base import Extractor
from auricle.classify.features.cache import FeatureStore, cache_folder
from auricle.classify.features.hearing import model_features
from auricle.classify.features.pooling import FeatureConfig
from auricle.data.labels import Labelled
from auricle.data.scan import MIN_SECONDS, Rejected, Sound, examine_header, scan, seconds_by_rate
from auricle.errors import AudioError, DataError, OptionError
from auricle.model import Autoencoder, default_model_for
from auricle.options.classification import CacheOptions, FeatureOptions
from auricle.options.field_types import check_arguments
from auricle.printable import none_usable
from auricle.progress import OnProgress, Progress, ignore_progress

_SAVE_EVERY = 500
SILENCE = 10 ** (-90 / 20)
"""A sound whose largest sample is below this is silent."""


@final
@dataclass(frozen=True)
class Features:
    """One vector for each sound.

    Attributes:
        names: of the sounds: relative to the folder if that was all that was named, else as given.
        values: float32 ``(files, d)``.
        rejected: files that have none, and why.
        extractor: the name of what made them.
        silent: sounds that hold nothing above -90 dB: they have features, but nothing can be recognised in them.
        model: name of the autoencoder; empty where none has made them.
    """

    names: tuple[str, ...]
    values: np.ndarray
    rejected: tuple[Rejected, ...] = ()
    extractor: str = ""
    silent: tuple[str, ...] = ()
    model: str = ""

    @property
    def is_silent(self) -> np.ndarray:
        """Whether each sound is silent, bool ``(files,)``."""
        silent = set(self.silent)
        return np.array([name in silent for name in self.names], bool)


@check_arguments()
def features(
    files: AudioSource | Sequence[AudioSource],
    model: Autoencoder | Path | str | None = None,
    *,
    feature_config: FeatureConfig | None = None,
    options: FeatureOptions = FeatureOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Features:
    """What an autoencoder's encoder makes of sounds, pooled over time: material for classifiers and search.

    Args:
        files: audio files, or folders of them at any depth; open files, or sounds as `auricle.read` returns them,
            ``(audio, sample_rate)``: those without a name are called ``sound 1`` after their place. One or several.
        model: a model, a shipped model's name or a model file; by default ``speech`` for sounds up to 24 kHz, else
            ``music``, whichever is for more of their length.
        feature_config: what is pooled, and how; by default what did best on real sounds (docs/classification.md).
        options: which features, and where they are kept for the next time.
        on_progress: called while sounds are read.
        on_note: is told in one line if the model has no hearing file, or if features that were kept are damaged: they
            are made anew.

    Raises:
        DataError: no sound can be used.
        ModelError: the model can't be loaded.
        OptionError: nothing was named.
    """
    sounds, rejected = list_sounds(files)
    extractor = model_features(model_or_default(model, sounds), feature_config, options.features, on_note)
    extracted = extract(sounds, extractor, caching=options, on_progress=on_progress, on_note=on_note)
    return replace(extracted, rejected=(*rejected, *extracted.rejected), model=extractor.model.name)


def list_sounds(files: AudioSource | Sequence[AudioSource]) -> tuple[tuple[Sound, ...], tuple[Rejected, ...]]:
    """Sounds of folders, files, open files and arrays, and what of them can't be used.

    Raises:
        DataError: a folder holds no usable sound, or no file is usable.
        OptionError: nothing was named.
    """
    sources = _as_sources(files)
    if not sources:
        raise OptionError("nothing to read: name audio files or a folder of them")
    sounds: list[Sound] = []
    rejected: list[Rejected] = []
    for number, unread in enumerate(sources, 1):
        source = rereadable(unread, f"sound {number}")
        path = source_path(source)
        if isinstance(source, Path) and path.is_dir():
            corpus = scan(path)
            if len(sources) == 1:
                sounds += corpus.sounds
            else:  # sounds of two folders could have one name
                sounds += [replace(sound, name=str(path / sound.name)) for sound in corpus.sounds]
            rejected += corpus.rejected
            continue
        examined = examine_header(source, str(path), MIN_SECONDS)
        match examined:
            case Sound():
                sounds.append(examined)
            case Rejected():
                rejected.append(examined)
    if not sounds:
        raise DataError(none_usable([file.reason for file in rejected], "file", can="be used"))
    return tuple(sounds), tuple(rejected)


def model_or_default(model: Autoencoder | Path | str | None, sounds: Iterable[Sound]) -> Autoencoder | Path | str:
    """The model that was named, else the name of the shipped one that is for most of these sounds, by their length."""
    if model is not None:
        return model
    return default_model_for(seconds_by_rate(sounds))


def _as_sources(files: AudioSource | Sequence[AudioSource]) -> Sequence[AudioSource]:
    """Several sources, where one may stand for itself."""
    is_sound = isinstance(files, tuple) and len(files) > 0 and isinstance(files[0], np.ndarray)
    if is_sound or isinstance(files, str | PathLike | np.ndarray) or callable(getattr(files, "read", None)):
        return [cast("AudioSource", files)]
    if not isinstance(files, Iterable):
        raise OptionError(f"files {files!r}: give a sound, a path, or a list of them")
    return tuple(cast("Iterable[AudioSource]", files))


def extract(
    sounds: Sequence[Sound],
    extractor: Extractor,
    *,
    caching: CacheOptions = CacheOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Features:
    """Features of sounds, from the cache where it has them intact. Files that do not decode are rejected.

    Raises:
        DataError: none can be decoded.
    """
    store = FeatureStore(None if caching.no_cache else caching.cache or cache_folder("features"), extractor.identity)
    if store.damage:
        on_note(store.damage)
    names: list[str] = []
    rows: list[np.ndarray] = []
    silent: list[str] = []
    rejected: list[Rejected] = []
    for count, sound in enumerate(sounds, 1):
        try:
            row = None if sound.held else store.get(sound.path)
            if row is None:
                values, peak = extractor.features_and_peak(sound.source)
                row = np.append(values, np.float32(min(peak, 1.0)))  # float16 in the cache
                if not sound.held:
                    store.put(sound.path, row)
            names.append(sound.name)
            rows.append(row[:-1])
            if row[-1] < SILENCE:
                silent.append(sound.name)
        except AudioError as error:
            rejected.append(Rejected(sound.path, str(error)))
        if count % _SAVE_EVERY == 0:
            store.save()
        on_progress(Progress(f"features: {extractor.name}", count, len(sounds), "sounds"))
    store.save()
    if not rows:
        raise DataError(none_usable([file.reason for file in rejected]))
    return Features(tuple(names), np.stack(rows), tuple(rejected), extractor.name, tuple(silent))


def match_labels(features: Features, items: Sequence[Labelled]) -> tuple[Labelled, ...]:
    """The labels of the sounds that have features, in the order of these."""
    items_by_name = {item.sound.name: item for item in items}
    return tuple(items_by_name[name] for name in features.names)
