"""Features of files: one vector for each sound."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from auricle.classify.features.base import Extractor
from auricle.classify.features.cache import FeatureStore, cache_folder
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.pooling import Recipe
from auricle.data.labels import Labelled
from auricle.data.scan import MIN_SECONDS, Rejected, Sound, examine_header, scan
from auricle.errors import AudioError, DataError, OptionError
from auricle.model import Autoencoder, load
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
        skipped: files that have none, and why.
        extractor: the name of what made them.
        silent: sounds that hold nothing above -90 dB: they have features, but nothing can be recognised in them.
    """

    names: tuple[str, ...]
    values: np.ndarray
    skipped: tuple[Rejected, ...] = ()
    extractor: str = ""
    silent: tuple[str, ...] = ()


def features(
    files: Path | str | Sequence[Path | str],
    model: Autoencoder | Path | str = "speech",
    *,
    recipe: Recipe | None = None,
    cache: Path | None = None,
    keep: bool = True,
    on_progress: OnProgress = ignore_progress,
) -> Features:
    """What an autoencoder's encoder makes of sounds, pooled over time: material for classifiers and search.

    Args:
        files: audio files, or folders of them at any depth.
        model: a model, a shipped model's name or a model file.
        recipe: what is pooled, and how; by default what did best on real sounds (docs/classification.md).
        cache: where features are kept for the next time; by default below the user's cache folder.
        keep: False neither reads nor writes that cache.
        on_progress: called while sounds are read.

    Raises:
        DataError: no sound can be used.
        ModelError: the model can't be loaded.
        OptionError: nothing was named.
    """
    sounds, refused = gathered([files] if isinstance(files, str | Path) else files)
    extractor = LatentFeatures(model if isinstance(model, Autoencoder) else load(model), recipe)
    found = extract(sounds, extractor, cache=cache, keep=keep, on_progress=on_progress)
    return Features(found.names, found.values, (*refused, *found.skipped), found.extractor, found.silent)


def gathered(files: Sequence[Path | str]) -> tuple[tuple[Sound, ...], tuple[Rejected, ...]]:
    """Sounds of folders and files, and what of them can't be used.

    Raises:
        DataError: a folder holds no usable sound, or no file is usable.
        OptionError: nothing was named.
    """
    if not files:
        raise OptionError("nothing to read: name audio files or a folder of them")
    sounds: list[Sound] = []
    refused: list[Rejected] = []
    for path in map(Path, files):
        if path.is_dir():
            corpus = scan(path)
            alone = len(files) == 1  # else sounds of two folders could have one name
            sounds += corpus.sounds if alone else [replace(each, name=str(path / each.name)) for each in corpus.sounds]
            refused += corpus.rejected
            continue
        found = examine_header(path, str(path), MIN_SECONDS)
        match found:
            case Sound():
                sounds.append(found)
            case Rejected():
                refused.append(found)
    if not sounds:
        raise DataError(f"no file can be used; the first problem: {refused[0].reason}")
    return tuple(sounds), tuple(refused)


def extract(
    sounds: Sequence[Sound],
    extractor: Extractor,
    *,
    cache: Path | None = None,
    keep: bool = True,
    on_progress: OnProgress = ignore_progress,
) -> Features:
    """Features of sounds, from the cache where it has them. Files that do not decode are skipped.

    Raises:
        DataError: none can be decoded.
    """
    store = FeatureStore((cache or cache_folder("features")) if keep else None, extractor.identity)
    names: list[str] = []
    rows: list[np.ndarray] = []
    silent: list[str] = []
    skipped: list[Rejected] = []
    for done, sound in enumerate(sounds, 1):
        try:
            row = store.get(sound.path)
            if row is None:
                heard = extractor.heard(sound.path)
                row = np.append(heard.values, np.float32(min(heard.peak, 1.0)))  # float16 in the cache
                store.put(sound.path, row)
            names.append(sound.name)
            rows.append(row[:-1])
            if row[-1] < SILENCE:
                silent.append(sound.name)
        except AudioError as error:
            skipped.append(Rejected(sound.path, str(error)))
        if done % _SAVE_EVERY == 0:
            store.save()
        on_progress(Progress(f"features: {extractor.name}", done, len(sounds), "sounds"))
    store.save()
    if not rows:
        raise DataError(f"none of {len(sounds)} sounds can be decoded; the first problem: {skipped[0].reason}")
    return Features(tuple(names), np.stack(rows), tuple(skipped), extractor.name, tuple(silent))


def labels_of(found: Features, sounds: Sequence[Labelled]) -> tuple[Labelled, ...]:
    """What is known of the sounds that have features, in the order of these."""
    known = {each.sound.name: each for each in sounds}
    return tuple(known[name] for name in found.names)
