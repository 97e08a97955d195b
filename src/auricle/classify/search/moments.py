"""Which stretches of long recordings to listen to next."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from auricle.classify.classifier import Classifier
from auricle.classify.detection.detect import window_probabilities
from auricle.classify.features.base import pieces, stored_features
from auricle.classify.features.extract import SILENCE, list_sounds, model_or_default
from auricle.classify.features.hearing import model_features
from auricle.classify.features.latents import EncoderFeatures
from auricle.classify.search.active_learning import uncertainty
from auricle.classify.search.choosing import ClassProbabilities, best_class, class_probabilities, informative_rows
from auricle.classify.search.neighbours import WhitenedSpace
from auricle.classify.search.outliers import neighbours_of_each, outliers
from auricle.classify.search.suggestions import Outlier, Suggestion, Suggestions
from auricle.data.event_labels import NOTHING, labelled_events
from auricle.data.events import SoundEvent
from auricle.data.scan import Rejected, Sound
from auricle.errors import AudioError, DataError, ModelError
from auricle.model import Autoencoder
from auricle.options.classification import SuggestionOptions
from auricle.progress import OnProgress, Progress

_MAX_LISTED = 50


class Moment(NamedTuple):
    """A stretch of a recording: number of the recording, seconds."""

    recording: int
    begin: float
    end: float


def suggest_moments(
    folder: Path | str,
    classifier: Classifier | None,
    model: Autoencoder | Path | str | None,
    options: SuggestionOptions,
    on_progress: OnProgress,
    on_note: Callable[[str], None],
) -> Suggestions:
    """Propose which stretches of long recordings to listen to; arguments and errors as `suggest`.

    Of a classifier that has learned from events the doubt in a stretch is the largest of its windows.
    """
    sounds, unusable = list_sounds(Path(folder))
    if classifier is not None:
        if classifier.group_scaling is not None:
            raise ModelError("this classifier compares sounds of a group: use classify suggest without --window")
        extractor = classifier.extractor
    else:
        extractor = model_features(model_or_default(model, sounds), None, options.features, on_note)
    tables = () if options.labels_table is None else (options.labels_table,)
    column = None if options.column == "label" else options.column
    marked = labelled_events(folder, tables, column).recordings if tables else ()
    events = {recording.sound.name: recording.events for recording in marked}
    moments, values, rejected = _listened(sounds, extractor, options.window or 0.0, on_progress)
    if not moments:
        problem = rejected[0].reason if rejected else "silence"
        raise DataError(f"{folder} holds no recording that can be heard: {problem}")
    labels = [_label(moment, events.get(sounds[moment.recording].name, ())) for moment in moments]
    points = WhitenedSpace.fit(values)(values)
    if classifier is not None and classifier.metadata.detection is not None:
        probabilities = _of_detector(sounds, moments, classifier, on_progress, on_note)
    else:
        probabilities = class_probabilities(values, labels, classifier, extractor.emphasis, options.seed)
    rows, method = informative_rows(points, labels, probabilities, options)
    names = [f"{sounds[moment.recording].name} at {moment.begin:g} s" for moment in moments]
    return Suggestions(
        sounds=tuple(
            Suggestion(sounds[moments[row].recording].name, *best_class(probabilities, row), *moments[row][1:])
            for row in rows
        ),
        method=method,
        outliers=tuple(
            Outlier(names[row], deviations)
            for row, deviations in outliers(neighbours_of_each(points), limit=_MAX_LISTED)
        ),
        duplicates=(),
        doubtful=(),
        files=len(moments),
        labelled=sum(label is not None for label in labels),
        rejected=(*unusable, *rejected),
        model=extractor.model.name,
    )


def _listened(
    sounds: Sequence[Sound], extractor: EncoderFeatures, seconds: float, on_progress: OnProgress
) -> tuple[list[Moment], np.ndarray, list[Rejected]]:
    """Stretches that are not silent, their features ``(n, d)``, and recordings that can't be read."""
    moments: list[Moment] = []
    rows: list[np.ndarray] = []
    rejected: list[Rejected] = []
    for number, sound in enumerate(sounds):
        try:
            for audio, start in pieces(sound.source, extractor.sample_rate, seconds=seconds):
                if np.abs(audio).max(initial=0.0) >= SILENCE:
                    moments.append(Moment(number, start, start + len(audio) / extractor.sample_rate))
                    rows.append(stored_features(extractor.mono_features(audio)))
                on_progress(Progress(f"listening to {sound.name}", start, sound.seconds, "s"))
        except AudioError as error:
            rejected.append(Rejected(sound.path, str(error)))
    return moments, np.stack(rows) if rows else np.zeros((0, 0), np.float32), rejected


def _label(moment: Moment, events: Sequence[SoundEvent]) -> str | None:
    """What is marked in a stretch for the longest time; None where nothing is."""
    seconds: dict[str, float] = {}
    for event in events:
        common = min(event.end, moment.end) - max(event.begin, moment.begin)
        if common > 0:
            seconds[event.label] = seconds.get(event.label, 0.0) + common
    return max(seconds, key=seconds.__getitem__) if seconds else None


def _of_detector(
    sounds: Sequence[Sound],
    moments: Sequence[Moment],
    classifier: Classifier,
    on_progress: OnProgress,
    on_note: Callable[[str], None],
) -> ClassProbabilities:
    """The largest probability of each class in each stretch, and the largest doubt of its windows."""
    settings = classifier.metadata.detection
    assert settings is not None
    tracks: Mapping[int, np.ndarray] = {
        number: window_probabilities(sounds[number], classifier, on_progress, on_note)
        for number in sorted({moment.recording for moment in moments})
    }
    events = [name for name in classifier.classes if name != NOTHING]
    columns = [classifier.classes.index(name) for name in events]
    values = np.zeros((len(moments), len(events)))
    doubt = np.zeros(len(moments))
    for row, moment in enumerate(moments):
        track = tracks[moment.recording]
        first = min(len(track) - 1, int(moment.begin / settings.hop))
        cells = track[first : max(first + 1, int(moment.end / settings.hop))]
        values[row], doubt[row] = cells[:, columns].max(axis=0), uncertainty(cells).max()
    return ClassProbabilities(tuple(events), values, doubt)
