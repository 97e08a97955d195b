"""How well a probe does on sounds that it has not learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import numpy as np

from auricle.classify.probes.calibration import calibration_error
from auricle.classify.probes.group_scaling import GroupScaling, groups_apart_from_silence, required_groups
from auricle.classify.probes.probe import Probe
from auricle.errors import DataError
from auricle.progress import OnProgress, Progress, ignore_progress

_DRAWS = 2000
_NUMBERS_AT_ONCE = 1 << 20
"""Of the bootstrap, so that many sounds take no more memory."""


class Interval(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class ClassFigures(NamedTuple):
    """Figures of one class: share of what was called so that is so, share of what is so that was called so."""

    precision: float
    recall: float
    f1: float
    files: int


@final
@dataclass(frozen=True)
class Evaluation:
    """What a cross-validation found: every sound judged once, by a probe that knew nothing of its fold.

    Attributes:
        classes: in the order of the columns.
        truth: class number of each sound ``(files,)``.
        probabilities: ``(files, classes)``.
        folds: fold of each sound.
        groups: group of each sound; None if none is known.
    """

    classes: tuple[str, ...]
    truth: np.ndarray
    probabilities: np.ndarray
    folds: tuple[str, ...]
    groups: tuple[str, ...] | None = None

    @cached_property
    def predicted(self) -> np.ndarray:
        """Most probable class number of each sound ``(files,)``."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each sound was recognised ``(files,)``."""
        return self.predicted == self.truth

    @cached_property
    def accuracy(self) -> Interval:
        """Share of sounds recognised; percentile bootstrap over groups where they are known, else over sounds."""
        return interval(self.right.astype(float), self.groups)

    @cached_property
    def balanced_accuracy(self) -> float:
        """Mean of the classes' recalls: each class counts alike."""
        return float(np.mean([figures.recall for figures in self.per_class.values()]))

    @cached_property
    def fold_accuracy(self) -> dict[str, float]:
        folds = np.asarray(self.folds)
        return {fold: float(self.right[folds == fold].mean()) for fold in sorted(set(self.folds), key=_numeric)}

    @cached_property
    def confusion(self) -> np.ndarray:
        """Counts ``(classes, classes)``: rows are true, columns predicted classes."""
        counts = np.zeros((len(self.classes), len(self.classes)), np.int64)
        np.add.at(counts, (self.truth, self.predicted), 1)
        return counts

    @cached_property
    def per_class(self) -> dict[str, ClassFigures]:
        counts, figures = self.confusion, {}
        for number, name in enumerate(self.classes):
            hits, real, called = counts[number, number], counts[number].sum(), counts[:, number].sum()
            precision, recall = hits / max(1, called), hits / max(1, real)
            f1 = 2 * hits / max(1, real + called)
            figures[name] = ClassFigures(float(precision), float(recall), float(f1), int(real))
        return figures

    @cached_property
    def calibration_error(self) -> float:
        return calibration_error(self.probabilities, self.truth)


def evaluate(
    values: np.ndarray,
    labels: Sequence[str],
    folds: Sequence[str],
    probe: Probe,
    *,
    groups: Sequence[str] | None = None,
    copies: Sequence[np.ndarray] = (),
    emphasis: np.ndarray | None = None,
    normalise_groups: bool = False,
    silent: np.ndarray | None = None,
    seed: int = 0,
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """Cross-validate: learn from all folds but one, judge that one.

    Everything that is learned or chosen (scaling, strength, calibration) sees the training folds only.

    Args:
        values: features ``(files, d)``.
        labels: of each file.
        folds: of each file.
        probe: what learns.
        groups: what the probe's inner cross-validation must not separate, and what intervals are drawn over.
        copies: features ``(files, d)`` of the same files, altered: those of training folds are learned from, too.
        emphasis: how much each feature counts ``(d,)``, 1 on average; None: all alike.
        normalise_groups: learn from and judge features relative to those of their group. What is usual in a group that
            is judged, its sounds say all together, without their labels.
        silent: bool ``(files,)``, which sounds are silent: they say nothing of what is usual; by default none.
        seed: decides inner folds and first weights.
        on_progress: called after each fold.

    Raises:
        DataError: one class only, or one fold only, or the training part of a fold has one class; or groups are to be
            normalised and none is known.
    """
    classes, truth = np.unique(np.asarray(labels), return_inverse=True)
    fold_array = np.asarray(folds)
    names = sorted(set(folds), key=_numeric)
    if len(classes) < 2:
        raise DataError(f"all sounds are of class {classes[0]}: two classes or more are needed")
    if len(names) < 2:
        raise DataError("all sounds lie in one fold: two or more are needed")
    group_array = None if groups is None else np.asarray(groups)
    audible = np.ones(len(labels), bool) if silent is None else ~silent
    usual_in = np.asarray(groups_apart_from_silence(required_groups(groups), ~audible)) if normalise_groups else None
    probabilities = np.zeros((len(labels), len(classes)))
    for count, fold in enumerate(names, 1):
        inside = fold_array != fold
        inner = None if group_array is None else [str(group) for group in group_array[inside]]
        names_inside = [str(label) for label in classes[truth[inside]]]
        learned, *versions, judged = values[inside], *(copy[inside] for copy in copies), values[~inside]
        if usual_in is not None:
            audible_rows = audible[inside] | ~audible[inside].any()  # all, where all are silent
            scaling = GroupScaling.learn(learned[audible_rows])
            learned, *versions = (scaling.relative(version, usual_in[inside]) for version in (learned, *versions))
            judged = scaling.relative(judged, usual_in[~inside])
        fitted = probe.fit(learned, names_inside, inner, copies=versions, emphasis=emphasis, seed=seed)
        columns = np.searchsorted(classes, np.asarray(fitted.classes))
        probabilities[np.ix_(~inside, columns)] = fitted.probabilities(judged)
        on_progress(Progress("cross-validation", count, len(names), "folds"))
    group_names = None if groups is None else tuple(groups)
    return Evaluation(tuple(map(str, classes)), truth, probabilities, tuple(folds), group_names)


def majority(labels: Sequence[str], folds: Sequence[str], groups: Sequence[str] | None = None) -> Evaluation:
    """What one gets who always says the most frequent class of the training folds."""
    classes, truth = np.unique(np.asarray(labels), return_inverse=True)
    fold_array, probabilities = np.asarray(folds), np.zeros((len(labels), len(classes)))
    for fold in set(folds):
        counts = np.bincount(truth[fold_array != fold], minlength=len(classes))
        shares = counts / max(1, counts.sum())
        probabilities[fold_array == fold] = shares
    group_names = None if groups is None else tuple(groups)
    return Evaluation(tuple(map(str, classes)), truth, probabilities, tuple(folds), group_names)


def interval(values: np.ndarray, groups: Sequence[str] | None = None, *, seed: int = 0) -> Interval:
    """Mean of ``(files,)`` with its percentile bootstrap interval (Efron, 1979), drawn over groups where given."""
    numbers = np.arange(len(values)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    sums = np.bincount(numbers, weights=values)
    counts = np.bincount(numbers).astype(float)
    random, at_once = np.random.Generator(np.random.PCG64(seed)), max(1, _NUMBERS_AT_ONCE // len(sums))
    means: list[np.ndarray] = []
    for first in range(0, _DRAWS, at_once):
        draws = random.integers(0, len(sums), (min(at_once, _DRAWS - first), len(sums)))
        means.append(sums[draws].sum(axis=1) / counts[draws].sum(axis=1))
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def _numeric(text: str) -> tuple[int, int, str]:
    """Orders 2 before 10."""
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)
