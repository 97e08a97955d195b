"""Probes: small classifiers on features. What they learn are arrays."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from auricle.classify.probes.calibration import fit_temperature, softmax
from auricle.classify.probes.folds import split_folds
from auricle.classify.probes.training_set import TrainingSet
from auricle.errors import DataError
from auricle.model.registry import RegisteredConfig

_INNER_FOLDS = 3
Arrays = Mapping[str, np.ndarray]


class FittedProbe(ABC):
    """A probe that has learned.

    Attributes:
        classes: in the order of its outputs.
        arrays: all that it knows.
    """

    def __init__(self, classes: tuple[str, ...], arrays: Arrays) -> None:
        self.classes, self.arrays = classes, arrays

    @abstractmethod
    def scores(self, values: np.ndarray) -> np.ndarray:
        """Features ``(files, d)`` to logarithms of odds ``(files, classes)``, before calibration."""

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """Features ``(files, d)`` to calibrated probabilities ``(files, classes)``; rows add up to 1."""
        return softmax(self.scores(values) / float(self.arrays["temperature"][0]))


class ProbeChoice(NamedTuple):
    """What is chosen on held-out sounds.

    Attributes:
        strength: of a probe.
        temperature: of its scores.
        right: whether each held-out sound was recognised, which none is whose class the others lack; None where there
            were too few to hold any out.
        judged_rows: numbers of these sounds.
    """

    strength: float
    temperature: float
    right: np.ndarray | None = None
    judged_rows: np.ndarray | None = None


class Probe(RegisteredConfig):
    """How to learn a classifier. Scaling, strength and calibration are learned from the sounds given, by an inner
    cross-validation among them."""

    @property
    @abstractmethod
    def strengths(self) -> tuple[float, ...]:
        """What the inner cross-validation chooses from; the middle one is used where it can't choose."""

    @property
    @abstractmethod
    def layout(self) -> Mapping[str, tuple[str, str]]:
        """Type and shape of each array: ``c`` is the number of classes, ``d`` that of features."""

    @abstractmethod
    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        """Arrays learned from sounds of ``classes`` classes, each there at least once."""

    def max_directions(self, files: int) -> int | None:
        """How many principal directions of so many files to learn in; None for all."""
        return None

    @abstractmethod
    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        """A fitted probe from arrays, those of `learn` and ``temperature`` ``(1,)``."""

    def fit(
        self,
        values: np.ndarray,
        labels: Sequence[str],
        groups: Sequence[str] | None = None,
        *,
        copies: Sequence[np.ndarray] = (),
        emphasis: np.ndarray | None = None,
        seed: int = 0,
    ) -> FittedProbe:
        """Learn.

        Args:
            values: features ``(files, d)``.
            labels: of each file.
            groups: what the inner cross-validation must not separate.
            copies: features ``(files, d)`` of the same files, altered: learned from, never judged.
            emphasis: how much each feature counts ``(d,)``, 1 on average; None: all alike.
            seed: decides its folds, and first weights.

        Raises:
            DataError: there is one class only.
        """
        choice = self.choose(values, labels, groups, copies=copies, emphasis=emphasis, seed=seed)
        return self.fit_as(choice, values, labels, copies=copies, emphasis=emphasis, seed=seed)

    def choose(
        self,
        values: np.ndarray,
        labels: Sequence[str],
        groups: Sequence[str] | None = None,
        *,
        copies: Sequence[np.ndarray] = (),
        emphasis: np.ndarray | None = None,
        seed: int = 0,
    ) -> ProbeChoice:
        """What the inner cross-validation chooses for these sounds; arguments and errors as `fit`.

        The strength is chosen without copies, which take as much longer as there are of them.
        """
        names, numbers = _numbered(labels)
        held_out = _held_out(numbers, groups, seed)
        choice = self._choose_strength((values,), numbers, names, held_out, self.strengths, emphasis, seed)
        if not copies:
            return choice
        return self._choose_strength((values, *copies), numbers, names, held_out, (choice.strength,), emphasis, seed)

    def fit_as(
        self,
        choice: ProbeChoice,
        values: np.ndarray,
        labels: Sequence[str],
        *,
        copies: Sequence[np.ndarray] = (),
        emphasis: np.ndarray | None = None,
        seed: int = 0,
    ) -> FittedProbe:
        """Learn with a choice that was made before; arguments and errors as `fit`."""
        names, numbers = _numbered(labels)
        training_set = self._training_set((values, *copies), numbers, emphasis)
        return self.fit_placed(choice, training_set, names, seed=seed)

    def fit_placed(
        self, choice: ProbeChoice, training_set: TrainingSet, names: tuple[str, ...], *, seed: int = 0
    ) -> FittedProbe:
        """Learn from sounds that are scaled already; ``names`` are those of the class numbers."""
        arrays = self.learn(training_set, len(names), choice.strength, seed)
        return self.restore(names, {**arrays, "temperature": np.array([choice.temperature], np.float32)})

    def _training_set(
        self, versions: Sequence[np.ndarray], numbers: np.ndarray, emphasis: np.ndarray | None
    ) -> TrainingSet:
        """Sounds of these classes in one version or more, one below the other; scaled as the first version is."""
        if len(versions) == 1:
            return TrainingSet(versions[0], numbers, self.max_directions(len(numbers)), emphasis=emphasis)
        values, originals = np.concatenate(versions), np.arange(len(numbers))
        labels = np.tile(numbers, len(versions))
        directions = self.max_directions(len(values))
        return TrainingSet(values, labels, directions, scaled_on=originals, emphasis=emphasis)

    def _choose_strength(
        self,
        versions: Sequence[np.ndarray],
        numbers: np.ndarray,
        names: tuple[str, ...],
        folds: Sequence[np.ndarray],
        strengths: tuple[float, ...],
        emphasis: np.ndarray | None,
        seed: int,
    ) -> ProbeChoice:
        """Strength and temperature with the smallest log loss on held-out sounds, in their first version."""
        judged_parts: list[np.ndarray] = []
        missed_parts: list[np.ndarray] = []
        score_parts: list[list[np.ndarray]] = [[] for _ in strengths]
        for held_out in folds:
            inside = np.ones(len(numbers), bool)
            inside[held_out] = False
            classes, inside_numbers = np.unique(numbers[inside], return_inverse=True)
            is_learned = np.isin(numbers[held_out], classes)
            judged = held_out[is_learned]
            if len(classes) >= 2:
                missed_parts.append(held_out[~is_learned])  # nobody can know a class never heard
            if len(classes) < 2 or not len(judged):
                continue
            judged_parts.append(judged)
            training_set = self._training_set([version[inside] for version in versions], inside_numbers, emphasis)
            for index, strength in enumerate(strengths):
                arrays = self.learn(training_set, len(classes), strength, seed)
                probe = self.restore(tuple(names[number] for number in classes), {**arrays, "temperature": np.ones(1)})
                scores = np.full((len(judged), len(names)), -np.inf)
                scores[:, classes] = probe.scores(versions[0][judged])
                score_parts[index].append(scores)
        if not judged_parts:
            return ProbeChoice(strengths[len(strengths) // 2], 1.0)
        truth = numbers[np.concatenate(judged_parts)]
        temperatures = [fit_temperature(np.concatenate(parts), truth) for parts in score_parts]
        best = min(range(len(temperatures)), key=lambda index: temperatures[index].loss)
        recognised = np.concatenate(score_parts[best]).argmax(axis=1) == truth
        rows = np.concatenate(judged_parts + missed_parts)
        right = np.append(recognised, np.zeros(len(rows) - len(recognised), bool))
        return ProbeChoice(strengths[best], temperatures[best].value, right, rows)


def _held_out(numbers: np.ndarray, groups: Sequence[str] | None, seed: int) -> list[np.ndarray]:
    """Rows of each part that is held out in turn; none where there is too little to hold any out."""
    units = len(numbers) if groups is None else len(set(groups))
    return split_folds(numbers, groups, min(_INNER_FOLDS, units), seed) if units >= 2 else []


def _numbered(labels: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Classes in alphabetical order, and the number of that of each label ``(files,)``.

    Raises:
        DataError: there is one class only.
    """
    classes, numbers = np.unique(np.asarray(labels), return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"all sounds are of class {classes[0]}: two classes or more are needed")
    return tuple(map(str, classes)), numbers
