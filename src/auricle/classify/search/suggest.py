"""What to label next, and what looks wrong in a folder: outliers, near duplicates, doubtful labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.classify.classifier import Classifier
from auricle.classify.features.base import Extractor
from auricle.classify.features.extract import extract
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.label_checks import tell_silent
from auricle.classify.probes.probe import probe
from auricle.classify.search.active_learning import informative, typical, uncertainty
from auricle.classify.search.neighbours import WhitenedSpace
from auricle.classify.search.outliers import doubtful_labels, near_duplicates, neighbours_of_each, outliers
from auricle.data.labels import Labels, labelled
from auricle.data.scan import Rejected
from auricle.errors import OptionError
from auricle.extras import require
from auricle.model import Autoencoder, load
from auricle.progress import OnProgress, ignore_progress

_FEW = 3  # labels a class: with fewer a classifier's doubt says little
_SHOWN = 50
_MOST = 10_000


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
    table: Path | str | None = None,
    column: str = "label",
    model: Autoencoder | Path | str = "speech",
    count: int = 20,
    seed: int = 0,
    cache: Path | None = None,
    keep: bool = True,
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
        table: CSV with a header: path and label of what is labelled already.
        column: the table's column of labels.
        model: whose encoder makes the features where there is no classifier.
        count: how many sounds to propose.
        seed: decides how clusters begin.
        cache: where features are kept; by default below the user's cache folder.
        keep: False neither reads nor writes that cache.
        on_progress: called while sounds are read.
        on_note: is told in one line about what was left out.

    Raises:
        DataError: the folder holds no usable sound, or the table does not fit it.
        ModelError: the model can't be loaded.
        OptionError: ``count`` is out of range.
        MissingPackageError: scikit-learn is not installed.
    """
    require("sklearn", extra="classify", purpose="suggestions")
    if not 1 <= count <= _MOST:
        raise OptionError(f"{count} sounds to label: ask for 1 to {_MOST}")
    labels = labelled(folder, table, column=column)
    if labels.unmatched:
        rows = "1 row of the table names" if labels.unmatched == 1 else f"{labels.unmatched} rows of the table name"
        on_note(f"{rows} no usable sound")
    extractor = _extractor(classifier, model)
    found = extract([each.sound for each in labels.sounds], extractor, cache=cache, keep=keep, on_progress=on_progress)
    tell_silent(found.silent, on_note)
    names = _labels(labels, found.names, table is not None, () if classifier is None else classifier.classes)
    points = WhitenedSpace.fit(found.values)(found.values)
    odds = _odds(found.values, names, classifier, seed)
    chosen, method = _chosen(points, names, odds, count, seed)
    neighbours = neighbours_of_each(points)
    return Suggestions(
        sounds=tuple(_suggestion(found.names[row], None if odds is None else odds.of(row)) for row in chosen),
        method=method,
        outliers=tuple(
            Outlier(found.names[outlier.row], outlier.deviations) for outlier in outliers(neighbours, limit=_SHOWN)
        ),
        duplicates=tuple(tuple(found.names[row] for row in group) for group in near_duplicates(neighbours)),
        doubtful=tuple(
            DoubtfulLabel(found.names[row], label, neighbour_label)
            for row, label, neighbour_label in doubtful_labels(points, names, limit=_SHOWN)
        ),
        files=len(points),
        labelled=sum(name is not None for name in names),
        skipped=(*labels.rejected, *found.skipped),
        model=extractor.name,
    )


@final
@dataclass(frozen=True, eq=False)
class _Odds:
    """Probabilities ``(files, classes)`` of classes."""

    classes: tuple[str, ...]
    values: np.ndarray

    def of(self, row: int) -> tuple[str, float]:
        """The most probable class of a sound."""
        best = int(self.values[row].argmax())
        return self.classes[best], float(self.values[row, best])


def _extractor(classifier: Classifier | None, model: Autoencoder | Path | str) -> Extractor:
    if classifier is not None:
        return classifier.extractor
    return LatentFeatures(model if isinstance(model, Autoencoder) else load(model))


def _labels(labels: Labels, names: Sequence[str], by_table: bool, classes: Sequence[str]) -> list[str | None]:
    """What is known of the sounds that have features."""
    known = {each.sound.name: each.label for each in labels.sounds}
    return [known[name] if by_table or known[name] in classes else None for name in names]


def _odds(values: np.ndarray, names: Sequence[str | None], classifier: Classifier | None, seed: int) -> _Odds | None:
    """What a classifier says: the given one, or one of the labels; None where these are too few."""
    if classifier is not None:
        return _Odds(classifier.classes, classifier.fitted.probabilities(values))
    known = [row for row, name in enumerate(names) if name is not None]
    told = [str(names[row]) for row in known]
    if len(set(told)) < 2 or len(told) < _FEW * len(set(told)):
        return None
    fitted = probe("ridge").fit(values[known], told, seed=seed)
    return _Odds(fitted.classes, fitted.probabilities(values))


def _chosen(
    points: np.ndarray, names: Sequence[str | None], odds: _Odds | None, count: int, seed: int
) -> tuple[list[int], str]:
    known = np.array([row for row, name in enumerate(names) if name is not None], np.int64)
    if len(known) == len(names):
        return [], "none"
    if odds is None:
        return typical(points, known, count, seed=seed), "typical"
    return informative(points, uncertainty(odds.values), known, count, seed=seed), "uncertain"


def _suggestion(name: str, guess: tuple[str, float] | None) -> Suggestion:
    return Suggestion(name, *((None, None) if guess is None else guess))
