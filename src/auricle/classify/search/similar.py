"""The sounds of a folder that are most like a given one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle import audio
from auricle.audio import AudioSource, rereadable, source_path
from auricle.classify.features.extract import SILENCE
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.search.feature_index import FeatureIndex
from auricle.data.scan import MIN_SECONDS, Rejected, examine_header
from auricle.errors import AudioError, OptionError
from auricle.model import Autoencoder
from auricle.model.files.file import model_for
from auricle.options.classification import CacheOptions
from auricle.progress import OnProgress, ignore_progress

_MAX_COUNT = 10_000


@final
@dataclass(frozen=True)
class Hit:
    """A sound, and the cosine between its point and the query's: 1 for the same, 0 for unrelated ones."""

    name: str
    path: Path
    cosine: float


@final
@dataclass(frozen=True)
class Similar:
    """What a search found.

    Attributes:
        query: the file that was given; of a sound in memory its name.
        hits: nearest first; the query itself is left out where it lies in the folder.
        files: sounds that were searched.
        fresh: those of them that were new or had changed since the last search.
        skipped: files that can't be used, and why.
        model: name of the autoencoder.
    """

    query: Path
    hits: tuple[Hit, ...]
    files: int
    fresh: int
    skipped: tuple[Rejected, ...]
    model: str


def similar(
    query: AudioSource,
    folder: Path | str,
    *,
    model: Autoencoder | Path | str | None = None,
    count: int = 10,
    caching: CacheOptions = CacheOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Similar:
    """Find the sounds of a folder that are most like a given one, by what an autoencoder hears.

    The first search reads every sound; what it found is kept, so later ones read only files that are new or changed.

    Args:
        query: an audio file, in the folder or elsewhere; or an open file, or ``(audio, sample_rate)``.
        folder: searched at any depth.
        model: a model, a shipped model's name or a model file; by default ``speech`` for a query of up to 24 kHz, else
            ``music``.
        count: how many to name.
        caching: where features and points are kept.
        on_progress: called while new sounds are read.
        on_note: is told in one line if an index that was kept is damaged: it is made anew.

    Raises:
        AudioError: the query can't be read, is too short, or is silent.
        DataError: the folder holds no usable sound.
        ModelError: the model can't be loaded.
        OptionError: ``count`` is out of range.
    """
    source, folder = rereadable(query), Path(folder)
    path = source_path(source)
    if not 1 <= count <= _MAX_COUNT:
        raise OptionError(f"the {count} nearest sounds: ask for 1 to {_MAX_COUNT}")
    header = audio.info(source)
    examined = examine_header(source, str(path), MIN_SECONDS)
    if isinstance(examined, Rejected):
        raise AudioError(examined.reason)
    autoencoder = model_for(model, header.sample_rate)
    extractor = LatentFeatures(autoencoder)
    features, peak = extractor.features_and_peak(source)
    if peak < SILENCE:
        raise AudioError(f"{path} is silent: nothing is like silence, name a sound that can be heard")
    index, fresh = FeatureIndex.of_folder(folder, extractor, caching=caching, on_progress=on_progress, on_note=on_note)
    neighbours = index.nearest(features, count + 1)
    query_path = path.resolve() if isinstance(source, Path) else None
    hits = [
        Hit(index.names[row], folder / index.names[row], float(cosine))
        for row, cosine in zip(neighbours.rows[0].tolist(), neighbours.cosines[0].tolist(), strict=True)
        if (folder / index.names[row]).resolve() != query_path
    ]
    skipped = tuple(Rejected(folder / name, reason) for name, (_, _, reason) in index.skipped.items())
    return Similar(path, tuple(hits[:count]), len(index.names), fresh, skipped, autoencoder.name)
