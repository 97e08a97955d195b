"""The sounds, or moments of long ones, that are most like given ones and least like others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from auricle import audio
from auricle.audio import AudioSource, HeldAudio, rereadable, source_path
from auricle.classify.features.base import Extractor
from auricle.classify.features.extract import SILENCE
from auricle.classify.features.hearing import model_features
from auricle.classify.features.latents import EncoderFeatures
from auricle.classify.features.windows import window_features
from auricle.classify.search.feature_index import FeatureIndex
from auricle.classify.search.folder_index import folder_index
from auricle.classify.search.index import extractor_of
from auricle.classify.search.index_file import read_index
from auricle.data.scan import MIN_SECONDS, Rejected, examine_header
from auricle.errors import AudioError, DataError, OptionError
from auricle.model import Autoencoder
from auricle.model.default_model import default_model
from auricle.options.classification import SearchOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, ignore_progress

_COUNTER_WEIGHT = 0.5
"""Of the mean of the counter-examples, beside that of the examples (Rocchio, 1971)."""


@final
@dataclass(frozen=True)
class Hit:
    """A sound, or a window of one.

    Attributes:
        name: relative to the folder or index that was searched, where it lies below.
        path: of the file.
        cosine: between its point and the query's: 1 for the same, 0 for unrelated ones.
        begin: second at which the window begins; None for a whole file.
        end: second at which it ends.
    """

    name: str
    path: Path
    cosine: float
    begin: float | None = None
    end: float | None = None


@final
@dataclass(frozen=True)
class Similar:
    """What `similar` found.

    Attributes:
        query: the file that was given; of a sound in memory its name.
        hits: nearest first, without examples and counter-examples themselves, and without windows that overlap a nearer
            one. Where a moment of the query is meant, other moments of it are among them.
        files: sounds that were searched.
        fresh: those of them that were new or had changed since the last search.
        rejected: files that can't be used, and why.
        model: name of the autoencoder.
    """

    query: Path
    hits: tuple[Hit, ...]
    files: int
    fresh: int
    rejected: tuple[Rejected, ...]
    model: str


class _SearchedIndex(NamedTuple):
    """What is searched."""

    contents: FeatureIndex
    base: Path
    extractor: EncoderFeatures
    fresh: int


@check_arguments()
def similar(
    query: AudioSource,
    place: Path | str,
    *,
    model: Autoencoder | Path | str | None = None,
    options: SearchOptions = SearchOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Similar:
    """Find the sounds of a folder or an index that are most like a given one, by what an autoencoder hears.

    The first search in a folder reads every sound; what it found is kept, so later ones read only files that are new or
    changed. An index (`auricle.index`) is searched as it is.

    Args:
        query: an audio file, in the folder or elsewhere; or an open file, or ``(audio, sample_rate)``.
        place: a folder, searched at any depth, or an index.
        model: a model, a shipped model's name or a model file; by default ``speech`` for a query of up to 24 kHz, else
            ``music``, and for an index the shipped model that it was made with.
        options: other examples, counter-examples, the moment that is meant, how many to name, cache.
        on_progress: called while new sounds are read.
        on_note: is told in one line if an index that was kept is damaged and made anew, or if the model has no hearing
            file.

    Raises:
        AudioError: an example can't be read, is too short, or is silent.
        DataError: the folder or index holds no usable sound.
        ModelError: the model can't be loaded or is not that of the index, or the index is damaged.
        OptionError: a moment was named, but whole sounds are searched, or it lies beyond the end.
    """
    source, place = rereadable(query), Path(place)
    examples = [_checked(source), *_named(options.like, "example")]
    counter_examples = _named(options.unlike, "counter-example")
    searched = _opened(source, place, model, options, on_progress, on_note)
    if not len(searched.contents.points):
        raise DataError(f"{place} holds no sound: add some with auricle index")
    if options.at is not None and searched.contents.grid is None:
        raise OptionError(
            f"{place} has no windows to compare --at {options.at:g} with: auricle index --window makes them"
        )
    direction = _mean_point(searched, examples, options.at)
    left_out = _files(*examples[1 if options.at is not None else 0 :], *counter_examples)
    if counter_examples:
        direction = _unit(direction - _COUNTER_WEIGHT * _mean_point(searched, counter_examples, None))
    moment = None
    if options.at is not None and searched.contents.grid is not None:
        last = audio.info(source).seconds - searched.contents.grid.seconds
        moment = (source_path(source).resolve(), max(0.0, min(options.at, last)))
    hits = list(_hits(searched, direction, left_out, moment, options.count))
    rejected = tuple(
        Rejected(searched.base / name, reason) for name, (_, _, reason) in searched.contents.rejected.items()
    )
    return Similar(
        source_path(source),
        tuple(hits),
        len(searched.contents.names),
        searched.fresh,
        rejected,
        searched.extractor.model.name,
    )


def _named(sources: Sequence[AudioSource], what: str) -> list[Path | HeldAudio]:
    """Examples that can be used; those without a name are called after their place."""
    return [_checked(rereadable(source, f"{what} {number}")) for number, source in enumerate(sources, 1)]


def _checked(source: Path | HeldAudio) -> Path | HeldAudio:
    audio.info(source)
    examined = examine_header(source, str(source_path(source)), MIN_SECONDS)
    if isinstance(examined, Rejected):
        raise AudioError(examined.reason)
    return source


def _files(*sources: Path | HeldAudio) -> set[Path]:
    return {source.resolve() for source in sources if isinstance(source, Path)}


def _opened(
    query: Path | HeldAudio,
    place: Path,
    model: Autoencoder | Path | str | None,
    options: SearchOptions,
    on_progress: OnProgress,
    on_note: Callable[[str], None],
) -> _SearchedIndex:
    if place.is_file():
        if audio.is_audio_name(place):
            raise DataError(f"{place} is a single sound: name a folder of sounds, or an index, to search")
        index, metadata = read_index(place)
        return _SearchedIndex(index, place.parent, extractor_of(place, index, metadata, model, options.features), 0)
    named = default_model(audio.info(query).sample_rate) if model is None else model
    extractor = model_features(named, None, options.features, on_note)
    index, fresh = folder_index(place, extractor, caching=options, on_progress=on_progress, on_note=on_note)
    return _SearchedIndex(index, place, extractor, fresh)


def _mean_point(searched: _SearchedIndex, sources: Sequence[Path | HeldAudio], at: float | None) -> np.ndarray:
    """The middle ``(r,)`` of the points of some files, of length 1; ``at`` is a second of the first file."""
    index, extractor = searched.contents, searched.extractor
    points = []
    for number, source in enumerate(sources):
        if index.grid is None:
            points.append(index.space(_file_features(source, extractor)[None])[0])
            continue
        windows = index.space(np.concatenate(list(window_features(source, extractor, index.grid))))
        if at is None or number:
            points.append(_unit(windows.mean(axis=0)))
            continue
        if at > audio.info(source).seconds:
            raise OptionError(f"{source_path(source)} ends before {at:g} s: name an earlier moment")
        row = int(np.abs(index.grid.centres(len(windows)) - index.grid.seconds / 2 - at).argmin())
        points.append(windows[row])
    return _unit(np.mean(points, axis=0))


def _file_features(source: Path | HeldAudio, extractor: Extractor) -> np.ndarray:
    features, peak = extractor.features_and_peak(source)
    if peak < SILENCE:
        raise AudioError(f"{source_path(source)} is silent: nothing is like silence, name a sound that can be heard")
    return features


def _unit(point: np.ndarray) -> np.ndarray:
    return point / max(float(np.linalg.norm(point)), 1e-12)


def _end(path: Path, begin: float, seconds: float) -> float:
    """Second at which a window ends: no later than its file, if that is there."""
    try:
        length = audio.info(path).seconds
    except AudioError:
        return begin + seconds
    return min(begin + seconds, length) if length > begin else begin + seconds


def _hits(
    searched: _SearchedIndex, direction: np.ndarray, left_out: set[Path], moment: tuple[Path, float] | None, count: int
) -> Iterator[Hit]:
    """The nearest points, the best of windows that overlap.

    Args:
        searched: what is searched.
        direction: ``(r,)`` of the query, of length 1.
        left_out: files none of whose points are named.
        moment: the file and the second that the query is: windows that overlap it are not named.
        count: how many to name.
    """
    index, grid = searched.contents, searched.contents.grid
    cosines = index.points @ direction.astype(np.float32)
    numbers = index.file_numbers
    excluded: dict[int, bool] = {}
    begins_by_file: dict[int, list[float]] = {}
    named = 0
    for row in np.argsort(-cosines, kind="stable").tolist():
        number = int(numbers[row])
        path = searched.base / index.names[number]
        if number not in excluded:
            excluded[number] = path.resolve() in left_out
        begin = float(index.begins[row])
        if number not in begins_by_file:
            begins_by_file[number] = [moment[1]] if moment is not None and path.resolve() == moment[0] else []
        taken = begins_by_file[number]
        if excluded[number] or (grid is not None and any(abs(begin - other) < grid.seconds for other in taken)):
            continue
        taken.append(begin)
        span = (None, None) if grid is None else (begin, _end(path, begin, grid.seconds))
        yield Hit(index.names[number], path, float(cosines[row]), *span)
        named += 1
        if named == count:
            return
