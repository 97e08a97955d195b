"""Which rows of a table of features to label next, by what a classifier says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.classify.classifier import Classifier
from auricle.classify.probes.kinds import SOUND_PROBE, probe_of_kind
from auricle.classify.probes.probe import FittedProbe
from auricle.classify.search.active_learning import informative, typical, uncertainty
from auricle.options.classification import SuggestionOptions

_MIN_LABELS_PER_CLASS = 3  # with fewer a classifier's doubt says little


@final
@dataclass(frozen=True, eq=False)
class ClassProbabilities:
    """Probabilities ``(files, classes)`` of classes, and how much each file is in doubt ``(files,)``, 0 to 1."""

    classes: tuple[str, ...]
    values: np.ndarray
    doubt: np.ndarray


def class_probabilities(
    features: np.ndarray,
    labels: Sequence[str | None],
    classifier: Classifier | None,
    emphasis: np.ndarray | None,
    seed: int,
) -> ClassProbabilities | None:
    """What a classifier says of its probe's input, or a probe fitted to the labels with an ``emphasis`` of features;
    None where these are too few."""
    if classifier is not None:
        return _plain(classifier.fitted_probe, features)
    rows = [row for row, label in enumerate(labels) if label is not None]
    row_labels = [str(labels[row]) for row in rows]
    class_count = len(set(row_labels))
    if class_count < 2 or len(rows) < _MIN_LABELS_PER_CLASS * class_count:
        return None
    return _plain(probe_of_kind(SOUND_PROBE).fit(features[rows], row_labels, emphasis=emphasis, seed=seed), features)


def _plain(fitted_probe: FittedProbe, features: np.ndarray) -> ClassProbabilities:
    probabilities = fitted_probe.probabilities(features)
    return ClassProbabilities(fitted_probe.classes, probabilities, uncertainty(probabilities))


def informative_rows(
    points: np.ndarray,
    labels: Sequence[str | None],
    probabilities: ClassProbabilities | None,
    options: SuggestionOptions,
) -> tuple[list[int], str]:
    """Rows of the sounds to label next, and the method that named them."""
    labelled_rows = np.array([row for row, label in enumerate(labels) if label is not None], np.int64)
    if len(labelled_rows) == len(labels):
        return [], "none"
    if probabilities is None:
        return typical(points, labelled_rows, options.count, seed=options.seed), "typical"
    return informative(points, probabilities.doubt, labelled_rows, options.count, seed=options.seed), "uncertain"


def best_class(probabilities: ClassProbabilities | None, row: int) -> tuple[str | None, float | None]:
    if probabilities is None:
        return None, None
    best = int(probabilities.values[row].argmax())
    return probabilities.classes[best], float(probabilities.values[row, best])
