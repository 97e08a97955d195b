"""A classifier that learns from events marked in long recordings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

import numpy as np

from auricle.classify.classifier import Classifier
from auricle.classify.classifier_file import ClassifierMetadata
from auricle.classify.detection.augmentation import augmented_recordings, noise_recordings
from auricle.classify.detection.novelty import NoveltySpace
from auricle.classify.detection.rescoring import Rescorer, WindowPredictions
from auricle.classify.detection.settings import DetectionSettings
from auricle.classify.detection.training_windows import (
    PARTS,
    RecordingWindows,
    labelled_windows,
    middle_cell,
    sampled_places,
)
from auricle.classify.features.extract import model_or_default
from auricle.classify.features.hearing import model_features
from auricle.classify.features.pooling import FeatureConfig
from auricle.classify.features.windows import WindowGrid
from auricle.classify.label_checks import DOCTOR
from auricle.classify.probes.kinds import EVENT_PROBE, probe_of_kind
from auricle.classify.probes.probe import FittedProbe, Probe, ProbeChoice
from auricle.classify.probes.training_set import TrainingSet
from auricle.data.event_labels import NOTHING, EventLabels, labelled_events
from auricle.data.events import Recording
from auricle.data.labels import MAX_CLASSES, check_class_names
from auricle.errors import DataError, refuse_unfit
from auricle.extras import require
from auricle.model import Autoencoder
from auricle.options.classification import DetectorOptions
from auricle.options.field_types import check_arguments
from auricle.printable import counted, rejected_lines
from auricle.progress import OnProgress, ignore_progress

_SHORTEST_WINDOW, _LONGEST_WINDOW = 0.2, 0.6
_HOPS_PER_WINDOW = 4
_MAX_WINDOWS = 20_000
_MAX_CHOICE_WINDOWS = 3000
"""Windows of events from which the probe's strength is chosen: it is learned many times for that."""
_NOTHING_SHARE = 2
"""Windows of nothing for each window of an event."""
WINDOW_FEATURES = FeatureConfig(shifts=1, scales=(5,))
"""Of windows: one grid of frames and one scale, because windows overlap, and are short."""


@check_arguments()
def fit_detector(
    folder: Path | str,
    model: Autoencoder | Path | str | None = None,
    *,
    options: DetectorOptions,
    feature_config: FeatureConfig = WINDOW_FEATURES,
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Classifier:
    """Learn classes from events that were marked in long recordings, and `NOTHING` from what was not marked.

    Plain noise is nothing, too; with ``options.augment`` events are also mixed into other backgrounds. What windows
    take for an event is looked at again as a whole, by a probe that has learned what windows get wrong. The threshold
    of each class is the lowest at which so many of its detections are right, and so few false alarms an hour are
    expected, as were asked for, in recordings that were held out; without these, in thirds that the rest has not
    learned from.

    Args:
        folder: the recordings. Those that no label file speaks of are left out.
        model: whose encoder makes the features: a model, a shipped model's name or a model file; by default ``speech``
            for recordings up to 24 kHz, else ``music``, whichever is for more of their length.
        options: label files, wanted precision, window, probe and seed.
        feature_config: how windows are pooled.
        on_progress: called while recordings are read.
        on_note: is told in one line about what was left out, and where precision was not reached.

    Raises:
        DataError: a label file can't be used, nothing is marked, or all is; or all events lie close together and no
            recordings are held out.
        ModelError: the model can't be loaded.
        OptionError: no such probe, a number is out of range, or an option of whole sounds, as groups.
        MissingPackageError: scikit-learn is not installed.
    """
    require("sklearn", extra="classify", purpose="classifiers")
    _refuse_options_of_sounds(options)
    probe = probe_of_kind(options.probe or EVENT_PROBE)
    column = None if options.column == "label" else options.column
    labels = labelled_events(folder, options.label_files, column)
    held_out = labelled_events(folder, tuple(map(Path, options.held_out)), column) if options.held_out else None
    _check(labels, held_out, on_note)
    chosen = model_or_default(model, [recording.sound for recording in labels.recordings])
    extractor = model_features(chosen, feature_config, options.features, on_note)
    grid = window_grid(labels, options.window)
    windows = labelled_windows(labels.recordings, extractor, grid, on_progress, on_note)
    if not any((recording.labels == NOTHING).any() for recording in windows):
        raise DataError("the recordings hold events from end to end: give recordings in which nothing is heard too")
    if held_out is None:
        _check_parts(windows, grid.hop_seconds)
    for recordings, parts in _synthetic_recordings(labels, extractor.sample_rate, options):
        windows += labelled_windows(recordings, extractor, grid, on_progress, on_note, parts)
    window_probe = _WindowProbe.choose(probe, windows, options.seed)
    final_model = window_probe.learn(windows)
    rescorer = Rescorer.of(window_probe.cross_predictions(windows), labels, window_probe.classes, grid, options.seed)
    if held_out is None:
        rescored = rescorer.cross_rescored()
    else:
        held_windows = labelled_windows(held_out.recordings, extractor, grid, on_progress, on_note)
        recording_predictions = [
            final_model.predictions(part, part.values, window_probe.classes) for part in held_windows
        ]
        rescored = rescorer.rescored(recording_predictions)
    settings = rescorer.settings(rescored, options)
    _note_figures(settings, on_note)
    metadata = ClassifierMetadata(
        model=extractor.model.name,
        encoder=extractor.fingerprint,
        sample_rate=extractor.sample_rate,
        feature_config=extractor.config,
        features=extractor.kind,
        probe=probe,
        classes=window_probe.classes,
        files=dict(sorted(labels.counts.items())),
        window=grid.seconds,
        detection=settings,
    )
    arrays = {**final_model.fitted.arrays, **final_model.space.arrays, **rescorer.verifier.arrays}
    return Classifier(probe.restore(window_probe.classes, arrays), metadata, extractor)


def _synthetic_recordings(
    labels: EventLabels, rate: int, options: DetectorOptions
) -> Iterator[tuple[tuple[Recording, ...], tuple[int, ...]]]:
    """Recordings of noise, and if asked for of marked events in other surroundings, and the part of each."""
    yield noise_recordings(rate, options.seed)
    if options.augment:
        augmented, parts = augmented_recordings(labels.recordings, rate, options.seed)
        if augmented:
            yield augmented, parts


def window_grid(labels: EventLabels, seconds: float | None) -> WindowGrid:
    """Windows that suit the events: as long as the shorter ones, 0.2 to 0.6 s, and a quarter from one to the next."""
    lengths = [event.seconds for recording in labels.recordings for event in recording.events]
    length = seconds or float(np.clip(np.percentile(lengths, 25), _SHORTEST_WINDOW, _LONGEST_WINDOW))
    return WindowGrid(length, length / _HOPS_PER_WINDOW)


def _refuse_options_of_sounds(options: DetectorOptions) -> None:
    refuse_unfit(
        "events in long recordings have no groups, as no recording is ever on both sides",
        {"--groups": options.groups is not None, "--normalise-groups": options.normalise_groups},
    )
    refuse_unfit(
        "events are learned from window by window, and altered by --augment alone",
        {"--segments": options.segments is not None, "--copies": options.copies > 0},
    )
    refuse_unfit("features of windows are not kept", {"--cache": options.cache is not None})


def _check(labels: EventLabels, held_out: EventLabels | None, on_note: Callable[[str], None]) -> None:
    if not labels.classes:
        raise DataError("no event is marked in the recordings: mark what is to be detected, with its begin and end")
    check_class_names(labels.classes, most=MAX_CLASSES - 1)  # one more is for nothing
    apart = set() if held_out is None else {recording.sound.name for recording in held_out.recordings}
    both = apart.intersection(recording.sound.name for recording in labels.recordings)
    if both:
        raise DataError(f"{min(both)} is to be learned from and held out: name its labels once")
    for line in rejected_lines(labels.rejected, lister=DOCTOR):
        on_note(line)
    unlabelled = [name for name in labels.unlabelled if name not in apart]
    if unlabelled:
        on_note(f"{counted(len(unlabelled), 'recording')} without labels, left out; the first: {unlabelled[0]}")
    if labels.unmatched:
        where = "that is not there" if len(labels.unmatched) == 1 else "that are not there"
        count = counted(len(labels.unmatched), "recording")
        on_note(f"there are labels of {count} {where}; the first: {labels.unmatched[0]}")


def _check_parts(windows: Sequence[RecordingWindows], hop_seconds: float) -> None:
    """Refuse events that all lie in one of the parts held out in turn: without it nothing could be learned."""
    parts = {
        int(recording.blocks[middle_cell(event, len(recording.blocks), hop_seconds)])
        for recording in windows
        for event in recording.recording.events
        if event.label != NOTHING
    }
    if len(parts) < 2:
        raise DataError(
            f"all events lie in one of the {PARTS} parts of the recordings that are held out in turn: mark events in "
            "other places too, or choose the thresholds on other recordings with --held-out"
        )


@final
@dataclass(frozen=True)
class _WindowModel:
    """A probe, and where what it learned from lies."""

    fitted: FittedProbe
    space: NoveltySpace

    def predictions(self, windows: RecordingWindows, values: np.ndarray, classes: Sequence[str]) -> WindowPredictions:
        """What it says of some windows of a recording; a class that it does not know is impossible."""
        wide = values.astype(np.float32)
        probabilities = np.zeros((len(wide), len(classes)), np.float32)
        probabilities[:, [classes.index(name) for name in self.fitted.classes]] = self.fitted.probabilities(wide)
        return WindowPredictions(windows, probabilities, self.space.distances(wide))


@final
@dataclass(frozen=True)
class _WindowProbe:
    """A probe whose strength is chosen."""

    probe: Probe
    choice: ProbeChoice
    classes: tuple[str, ...]
    seed: int

    @classmethod
    def choose(cls, probe: Probe, windows: Sequence[RecordingWindows], seed: int) -> Self:
        values, labels, groups = _sample(windows, seed, most=_MAX_CHOICE_WINDOWS)
        classes = tuple(sorted(set(labels)))
        return cls(probe, probe.choose(values, labels, groups, seed=seed), classes, seed)

    def learn(self, windows: Sequence[RecordingWindows], without: int | None = None) -> _WindowModel:
        """Learn from the windows of all parts but one; from all where every event lies in that one."""
        values, labels, _ = _sample(windows, self.seed, without)
        if without is not None and len(set(labels)) < 2:
            return self.learn(windows)
        names, numbers = np.unique(np.asarray(labels), return_inverse=True)
        training_set = TrainingSet(values, numbers, self.probe.max_directions(len(values)))
        fitted = self.probe.fit_placed(self.choice, training_set, tuple(map(str, names)), seed=self.seed)
        return _WindowModel(fitted, NoveltySpace.fit(training_set.scaling, training_set.placed, numbers))

    def cross_predictions(self, windows: Sequence[RecordingWindows]) -> list[WindowPredictions]:
        """Tracks of recordings of which each part was left out in turn."""
        models = [self.learn(windows, part) for part in range(PARTS)]
        recording_predictions = []
        for recording in windows:
            parts = [
                models[part].predictions(recording, recording.values[recording.blocks == part], self.classes)
                for part in range(PARTS)
                if (recording.blocks == part).any()
            ]
            probabilities = np.concatenate([part.probabilities for part in parts])
            recording_predictions.append(
                WindowPredictions(recording, probabilities, np.concatenate([part.distances for part in parts]))
            )
        return recording_predictions


def _sample(
    windows: Sequence[RecordingWindows], seed: int, without: int | None = None, most: int = _MAX_WINDOWS
) -> tuple[np.ndarray, list[str], list[str]]:
    """Features, labels and groups of what is learned from: of events all or ``most``, of nothing some.

    A group is a part of a recording; where events of a part are also mixed into other surroundings, it is the whole
    part, so that an event and its copy stay together.
    """
    usable = [
        (number, cell)
        for number, recording in enumerate(windows)
        for cell in np.flatnonzero(
            recording.usable & (recording.blocks != (-1 if without is None else without))
        ).tolist()
    ]
    places = sampled_places(
        usable,
        lambda number, cell: windows[number].labels[cell],
        seed,
        nothing_share=_NOTHING_SHARE,
        most_events=most,
    )
    values = np.stack([windows[number].values[cell] for number, cell in places]).astype(np.float32)
    labels = [str(windows[number].labels[cell]) for number, cell in places]
    has_copies = any(recording.augmented and recording.recording.events for recording in windows)
    blocks = [str(windows[number].blocks[cell]) for number, cell in places]
    if has_copies:
        return values, labels, blocks
    return values, labels, [f"{number} {block}" for (number, _), block in zip(places, blocks, strict=True)]


def _note_figures(settings: DetectionSettings, on_note: Callable[[str], None]) -> None:
    short = [
        f"{name} {'-' if figures.precision is None else f'{figures.precision:.0%}'}"
        for name, figures in settings.classes.items()
        if (figures.precision or 0.0) < settings.precision
    ]
    if short:
        on_note(f"a precision of {settings.precision:.0%} is not reached on what was held out: {', '.join(short)}")
