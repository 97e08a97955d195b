"""What to label next, and what looks wrong in a folder: outliers, near duplicates, doubtful labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.classify.classifier import Classifier
from auricle.classify.features.base import Extractor
from auricle.classify.features.extract import extract, match_labels
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.label_checks import note_silent
from auricle.classify.probes.probe import probe_of_kind
from auricle.classify.search.active_learning import informative, typical, uncertainty
from auricle.classify.search.neighbours import WhitenedSpace
from auricle.classify.search.outliers import doubtful_labels, near_duplicates, neighbours_of_each, outliers
from auricle.data.labels import labelled
from auricle.data.scan import Rejected
from auricle.extras import require
from auricle.model import Autoencoder, load
from auricle.options.classification import SuggestionOptions
from auricle.progress import OnProgress, ignore_progress

_MIN_LABELS_PER_CLASS = 3  # with fewer a classifier's doubt says little
_MAX_LISTED = 50


@final
@dataclass(frozen=True)
class Suggestion:
    """A sound to label.

    Attributes:
        name: relative to the folder.
        guess: the most probable class; None where no classifier is at hand.
        probability: of the guess.
    """

    name: str
    guess: str | None
    probability: float | None


@final
@dataclass(frozen=True)
class Outlier:
    """A sound unlike all others: its distance to its fifth neighbour, in robust deviations above the median."""

    name: str
    deviations: float


@final
@dataclass(frozen=True)
class DoubtfulLabel:
    """A sound whose five nearest labelled neighbours all have one other label."""

    name: str
    label: str
    neighbours: str


@final
@dataclass(frozen=True)
class Suggestions:
    """What was found in a folder.

    Attributes:
        sounds: what to label next, the most useful first.
        method: ``typical`` (the middle of clusters without a label), ``uncertain`` (what a classifier doubts, and
            unlike each other) or ``none`` where every sound has a label.
        outliers: sounds unlike all others, at most 50.
        duplicates: groups of sounds nearly alike, by name.
        doubtful: labels to check, at most 50.
        files: sounds that were compared.
        labelled: those that have a label.
        skipped: files that can't be used, and why.
        model: name of the autoencoder.
    """

    sounds: tuple[Suggestion, ...]
    method: str
    outliers: tuple[Outlier, ...]
    duplicates: tuple[tuple[str, ...], ...]
    doubtful: tuple[DoubtfulLabel, ...]
    files: int
    labelled: int
    skipped: tuple[Rejected, ...]
    model: str


def suggest(
    folder: Path | str,
    *,
    classifier: Classifier | None = None,
    model: Autoencoder | Path | str = "speech",
    options: SuggestionOptions = SuggestionOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Suggestions:
    """Propose the sounds of a folder that should be labelled next, and tell what looks wrong in it.

    Where little is known the most typical sounds are proposed, later those that a classifier is unsure of. Without a
    classifier one is fitted to the labels of the table. Without a table a sound counts as labelled if its folder has
    the name of one of the classifier's classes.

    Args:
        folder: searched at any depth.
        classifier: knows the classes so far; its encoder makes the features.
        model: whose encoder makes the features where there is no classifier.
        options: what is labelled already, how many sounds to propose, seed and cache.
        on_progress: called while sounds are read.
        on_note: is told in one line about what was left out.

    Raises:
        DataError: the folder holds no usable sound, or the table does not fit it.
        ModelError: the model can't be loaded.
        MissingPackageError: scikit-learn is not installed.
    """
    require("sklearn", extra="classify", purpose="suggestions")
    labels = labelled(folder, options.labels_table, column=options.column)
    if labels.unmatched:
        rows = "1 row of the table names" if labels.unmatched == 1 else f"{labels.unmatched} rows of the table name"
        on_note(f"{rows} no usable sound")
    extractor = _extractor(classifier, model)
    sounds = [item.sound for item in labels.sounds]
    features = extract(sounds, extractor, caching=options, on_progress=on_progress, on_note=on_note)
    note_silent(features.silent, on_note)
    names = features.names
    classes = None if options.labels_table is not None else () if classifier is None else classifier.classes
    sound_labels = [
        item.label if classes is None or item.label in classes else None
        for item in match_labels(features, labels.sounds)
    ]
    points = WhitenedSpace.fit(features.values)(features.values)
    probabilities = _class_probabilities(features.values, sound_labels, classifier, options.seed)
    rows, method = _informative_rows(points, sound_labels, probabilities, options)
    neighbours = neighbours_of_each(points)
    return Suggestions(
        sounds=tuple(Suggestion(names[row], *_best_class(probabilities, row)) for row in rows),
        method=method,
        outliers=tuple(Outlier(names[row], deviations) for row, deviations in outliers(neighbours, limit=_MAX_LISTED)),
        duplicates=tuple(tuple(names[row] for row in group) for group in near_duplicates(neighbours)),
        doubtful=tuple(
            DoubtfulLabel(names[row], label, neighbour_label)
            for row, label, neighbour_label in doubtful_labels(points, sound_labels, limit=_MAX_LISTED)
        ),
        files=len(points),
        labelled=sum(label is not None for label in sound_labels),
        skipped=(*labels.rejected, *features.skipped),
        model=extractor.name,
    )


@final
@dataclass(frozen=True, eq=False)
class _ClassProbabilities:
    """Probabilities ``(files, classes)`` of classes."""

    classes: tuple[str, ...]
    values: np.ndarray


def _extractor(classifier: Classifier | None, model: Autoencoder | Path | str) -> Extractor:
    if classifier is not None:
        return classifier.extractor
    return LatentFeatures(model if isinstance(model, Autoencoder) else load(model))


def _class_probabilities(
    features: np.ndarray, labels: Sequence[str | None], classifier: Classifier | None, seed: int
) -> _ClassProbabilities | None:
    """What a classifier says, or a probe fitted to the labels; None where these are too few."""
    if classifier is not None:
        return _ClassProbabilities(classifier.classes, classifier.fitted_probe.probabilities(features))
    rows = [row for row, label in enumerate(labels) if label is not None]
    row_labels = [str(labels[row]) for row in rows]
    class_count = len(set(row_labels))
    if class_count < 2 or len(rows) < _MIN_LABELS_PER_CLASS * class_count:
        return None
    fitted_probe = probe_of_kind("ridge").fit(features[rows], row_labels, seed=seed)
    return _ClassProbabilities(fitted_probe.classes, fitted_probe.probabilities(features))


def _informative_rows(
    points: np.ndarray,
    labels: Sequence[str | None],
    probabilities: _ClassProbabilities | None,
    options: SuggestionOptions,
) -> tuple[list[int], str]:
    """Rows of the sounds to label next, and the method that named them."""
    labelled_rows = np.array([row for row, label in enumerate(labels) if label is not None], np.int64)
    if len(labelled_rows) == len(labels):
        return [], "none"
    if probabilities is None:
        return typical(points, labelled_rows, options.count, seed=options.seed), "typical"
    doubt = uncertainty(probabilities.values)
    return informative(points, doubt, labelled_rows, options.count, seed=options.seed), "uncertain"


def _best_class(probabilities: _ClassProbabilities | None, row: int) -> tuple[str | None, float | None]:
    if probabilities is None:
        return None, None
    best = int(probabilities.values[row].argmax())
    return probabilities.classes[best], float(probabilities.values[row, best])
