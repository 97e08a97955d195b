"""Probes: small classifiers on features. What they learn are arrays."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, final

import numpy as np
from pydantic import Field

from auricle.classify.probes.calibration import fit_temperature, softmax
from auricle.classify.probes.folds import split_folds
from auricle.classify.probes.training_set import TrainingSet
from auricle.errors import DataError, OptionError
from auricle.model.registry import RegisteredConfig

_INNER_FOLDS = 3
_SHARPNESS = 5.0  # regression on 0 and 1 to logits; calibration does the rest
Arrays = Mapping[str, np.ndarray]
_LINEAR = {"mean": ("F32", "d"), "scale": ("F32", "d"), "weights": ("F32", "d c"), "bias": ("F32", "c")}


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
        seed: int = 0,
    ) -> FittedProbe:
        """Learn.

        Args:
            values: features ``(files, d)``.
            labels: of each file.
            groups: what the inner cross-validation must not separate.
            copies: features ``(files, d)`` of the same files, altered: learned from, never judged.
            seed: decides its folds, and first weights.

        Raises:
            DataError: there is one class only.
        """
        choice = self.choose(values, labels, groups, copies=copies, seed=seed)
        return self.fit_as(choice, values, labels, copies=copies, seed=seed)

    def choose(
        self,
        values: np.ndarray,
        labels: Sequence[str],
        groups: Sequence[str] | None = None,
        *,
        copies: Sequence[np.ndarray] = (),
        seed: int = 0,
    ) -> ProbeChoice:
        """What the inner cross-validation chooses for these sounds; arguments and errors as `fit`.

        The strength is chosen without copies, which take as much longer as there are of them.
        """
        names, numbers = _numbered(labels)
        held_out = _held_out(numbers, groups, seed)
        choice = self._choose_strength((values,), numbers, names, held_out, self.strengths, seed)
        if not copies:
            return choice
        return self._choose_strength((values, *copies), numbers, names, held_out, (choice.strength,), seed)

    def fit_as(
        self,
        choice: ProbeChoice,
        values: np.ndarray,
        labels: Sequence[str],
        *,
        copies: Sequence[np.ndarray] = (),
        seed: int = 0,
    ) -> FittedProbe:
        """Learn with a choice that was made before; arguments and errors as `fit`."""
        names, numbers = _numbered(labels)
        training_set = self._training_set((values, *copies), numbers)
        return self.fit_placed(choice, training_set, names, seed=seed)

    def fit_placed(
        self, choice: ProbeChoice, training_set: TrainingSet, names: tuple[str, ...], *, seed: int = 0
    ) -> FittedProbe:
        """Learn from sounds that are scaled already; ``names`` are those of the class numbers."""
        arrays = self.learn(training_set, len(names), choice.strength, seed)
        return self.restore(names, {**arrays, "temperature": np.array([choice.temperature], np.float32)})

    def _training_set(self, versions: Sequence[np.ndarray], numbers: np.ndarray) -> TrainingSet:
        """Sounds of these classes in one version or more, one below the other."""
        values = versions[0] if len(versions) == 1 else np.concatenate(versions)
        return TrainingSet(values, np.tile(numbers, len(versions)), self.max_directions(len(values)))

    def _choose_strength(
        self,
        versions: Sequence[np.ndarray],
        numbers: np.ndarray,
        names: tuple[str, ...],
        folds: Sequence[np.ndarray],
        strengths: tuple[float, ...],
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
            is_known = np.isin(numbers[held_out], classes)
            judged = held_out[is_known]
            if len(classes) >= 2:
                missed_parts.append(held_out[~is_known])  # nobody can know a class never heard
            if len(classes) < 2 or not len(judged):
                continue
            judged_parts.append(judged)
            training_set = self._training_set([version[inside] for version in versions], inside_numbers)
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


@final
class Linear(FittedProbe):
    """Weights ``(d, classes)`` and bias ``(classes,)`` of standardised features."""

    def scores(self, values: np.ndarray) -> np.ndarray:
        arrays = self.arrays
        return ((values - arrays["mean"]) / arrays["scale"]) @ arrays["weights"] + arrays["bias"]


@final
class LogisticProbe(Probe, kind="logistic"):
    """Multinomial logistic regression with an L2 penalty, the usual linear probe."""

    @property
    def strengths(self) -> tuple[float, ...]:
        """Inverse weights of the penalty, for features whose squares add up to about 1."""
        return (1.0, 10.0, 100.0, 1000.0)

    @property
    def layout(self) -> Mapping[str, tuple[str, str]]:
        return _LINEAR

    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        """Fit in the principal directions, which changes nothing but the time it takes."""
        from sklearn.linear_model import LogisticRegression

        scaling = training_set.scaling
        model = _quiet(LogisticRegression(C=strength, max_iter=300, tol=1e-3), training_set.placed, training_set.labels)
        weights, bias = scaling.rotation @ model.coef_.T, model.intercept_
        if classes == 2:  # scikit-learn has one output: the odds of the second class
            weights, bias = np.hstack((np.zeros_like(weights), weights)), np.array([0.0, bias[0]])
        return _floats(mean=scaling.mean, scale=scaling.scale, weights=weights, bias=bias)

    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        return Linear(classes, arrays)


@final
class RidgeProbe(Probe, kind="ridge"):
    """Linear regression on the classes with an L2 penalty: quick, and strong where files are few."""

    @property
    def strengths(self) -> tuple[float, ...]:
        """Weights of the penalty per sound, for features whose squares add up to about 1."""
        return (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)

    @property
    def layout(self) -> Mapping[str, tuple[str, str]]:
        return _LINEAR

    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        """Solve in closed form; classes count alike, however many sounds they have."""
        problem = training_set.balanced
        weights = problem.ridge(strength * len(training_set.labels))
        return _floats(
            mean=problem.mean,
            scale=problem.scale,
            weights=_SHARPNESS * weights,
            bias=_SHARPNESS * (problem.middle - problem.centre @ weights),
        )

    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        return Linear(classes, arrays)


@final
class Network(FittedProbe):
    """One hidden layer of rectifiers on standardised features."""

    def scores(self, values: np.ndarray) -> np.ndarray:
        arrays = self.arrays
        hidden = np.maximum(((values - arrays["mean"]) / arrays["scale"]) @ arrays["inner"] + arrays["inner_bias"], 0)
        return hidden @ arrays["weights"] + arrays["bias"]


@final
class NetworkProbe(Probe, kind="mlp"):
    """A network with one hidden layer (Adam, L2 penalty)."""

    hidden: int = Field(default=128, ge=1, le=4096, description="hidden units")

    @property
    def strengths(self) -> tuple[float, ...]:
        """Weights of the penalty."""
        return (0.3, 3.0)

    @property
    def layout(self) -> Mapping[str, tuple[str, str]]:
        return {**_LINEAR, "inner": ("F32", "d h"), "inner_bias": ("F32", "h"), "weights": ("F32", "h c")}

    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        """Fit in whitened principal directions."""
        from sklearn.neural_network import MLPClassifier

        scaling = training_set.scaling
        gain = np.sqrt(scaling.rotation.shape[1])  # of squares that add up to 1: about unit variance
        network = MLPClassifier((self.hidden,), alpha=strength, max_iter=100, tol=1e-3, random_state=seed)
        network = _quiet(network, training_set.placed * gain, training_set.labels)
        weights, bias = network.coefs_[1], network.intercepts_[1]
        if classes == 2:
            weights, bias = np.hstack((np.zeros_like(weights), weights)), np.array([0.0, bias[0]])
        inner = scaling.rotation @ (gain * network.coefs_[0])
        first = {"mean": scaling.mean, "scale": scaling.scale, "inner": inner, "inner_bias": network.intercepts_[0]}
        return _floats(**first, weights=weights, bias=bias)

    def max_directions(self, files: int) -> int | None:
        """A network learns noise where it sees more directions than sounds."""
        return min(256, files // 2 + 1)

    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        return Network(classes, arrays)


@final
class Nearest(FittedProbe):
    """Votes of the nearest known sounds, by cosine."""

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Logarithms of the shares of the votes; none counts as a little."""
        arrays, count = self.arrays, int(self.arrays["neighbours"][0])
        placed = _unit(((values - arrays["mean"]) / arrays["scale"]) @ arrays["rotation"])
        alike = placed @ arrays["points"].T
        near = np.argsort(-alike, axis=1, kind="stable")[:, :count]
        votes = np.full((len(values), len(self.classes)), 0.1)
        for rank in range(near.shape[1]):
            np.add.at(votes, (np.arange(len(values)), arrays["labels"][near[:, rank]]), 1.0 - 0.01 * rank / count)
        return np.log(votes / votes.sum(axis=1, keepdims=True))


@final
class NearestProbe(Probe, kind="knn"):
    """The nearest known sounds vote: nothing is learned but where they lie."""

    @property
    def strengths(self) -> tuple[float, ...]:
        """Numbers of neighbours."""
        return (1.0, 3.0, 5.0, 9.0)

    @property
    def layout(self) -> Mapping[str, tuple[str, str]]:
        placed = {"mean": ("F32", "d"), "scale": ("F32", "d"), "rotation": ("F32", "d r"), "points": ("F32", "n r")}
        return {**placed, "labels": ("I32", "n"), "neighbours": ("I32", "1")}

    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        scaling = training_set.scaling
        placed = _floats(mean=scaling.mean, scale=scaling.scale, rotation=scaling.rotation)
        points = _unit(training_set.placed).astype(np.float32)
        neighbours = np.array([min(int(strength), len(points))], np.int32)
        return {**placed, "points": points, "labels": training_set.labels.astype(np.int32), "neighbours": neighbours}

    def max_directions(self, files: int) -> int | None:
        """The file keeps every sound: in few numbers."""
        return 128

    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        return Nearest(classes, arrays)


def _numbered(labels: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Classes in alphabetical order, and the number of that of each label ``(files,)``.

    Raises:
        DataError: there is one class only.
    """
    classes, numbers = np.unique(np.asarray(labels), return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"all sounds are of class {classes[0]}: two classes or more are needed")
    return tuple(map(str, classes)), numbers


def probe_of_kind(kind: str) -> Probe:
    """A probe: ``ridge``, ``logistic``, ``mlp`` or ``knn``.

    Raises:
        OptionError: another name.
    """
    if kind not in Probe.kinds:
        raise OptionError(f"no probe {kind!r}: choose from {', '.join(Probe.kinds)}")
    return Probe.kinds[kind]()


def _quiet(model: Any, values: np.ndarray, labels: np.ndarray) -> Any:
    """Fit without a word about steps that were too few: the inner cross-validation judges what came of it."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(values, labels)


def _floats(**arrays: np.ndarray) -> Arrays:
    return {name: np.ascontiguousarray(value, np.float32) for name, value in arrays.items()}


def _unit(points: np.ndarray) -> np.ndarray:
    return points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
