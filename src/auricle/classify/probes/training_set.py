"""Sounds that a probe learns from, scaled as it needs them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self, final

import numpy as np

from auricle.classify.features.scaling import Scaling, mean_and_scale
from auricle.classify.probes.kernel_regression import KernelRegression


@final
@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Sounds to learn from, scaled when a probe asks for it.

    Attributes:
        values: features ``(files, d)``.
        labels: class numbers ``(files,)``.
        directions: how many principal directions to learn in; None for all.
        scaled_on: rows that the scaling is learned from; None for all.
        shrinkage: directions are stretched to vary alike, less so where files are fewer than this or not many more
            (`Scaling.stretched`); None leaves them as they are.
        emphasis: how much each feature counts ``(d,)``, 1 on average; None: all alike.
    """

    values: np.ndarray
    labels: np.ndarray
    directions: int | None = None
    scaled_on: np.ndarray | None = None
    shrinkage: float | None = None
    emphasis: np.ndarray | None = None

    @cached_property
    def scaling(self) -> Scaling:
        """How they are turned into principal directions."""
        rows = self.values if self.scaled_on is None else self.values[self.scaled_on]
        scaling = Scaling.fit(rows, directions=self.directions, emphasis=self.emphasis)
        return scaling if self.shrinkage is None else scaling.stretched(self.values, self.shrinkage)

    @cached_property
    def placed(self) -> np.ndarray:
        """Where they then lie ``(files, r)``."""
        return self.scaling(self.values)

    @cached_property
    def balanced(self) -> "Balanced":
        """The same standardised, for regression on the classes, each of which counts alike."""
        return Balanced.of(self.values, self.labels, self.emphasis)

    @cached_property
    def kernel_regression(self) -> KernelRegression:
        """How alike they are, for regression on the classes, each of which counts alike."""
        rows = np.arange(len(self.values)) if self.scaled_on is None else self.scaled_on
        return KernelRegression.of(self.values, self.labels, rows, self.emphasis)


@final
@dataclass(frozen=True, eq=False)
class Balanced:
    """A least-squares problem, whose rows are weighted so that each class counts alike.

    Attributes:
        mean: of features ``(d,)``.
        scale: what they are divided by ``(d,)``.
        centre: weighted mean of what they then are ``(d,)``.
        points: float32 ``(files, d)``, weighted, around the centre.
        middle: weighted mean of the targets ``(classes,)``.
        targets: ``(files, classes)``, weighted, around the middle.
        gram: products of the points with one another ``(files, files)``, or of features ``(d, d)`` where these are
            fewer.
    """

    mean: np.ndarray
    scale: np.ndarray
    centre: np.ndarray
    points: np.ndarray
    middle: np.ndarray
    targets: np.ndarray
    gram: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, labels: np.ndarray, emphasis: np.ndarray | None = None) -> Self:
        mean, scale = mean_and_scale(values, emphasis)
        counts = np.bincount(labels)
        importance = len(labels) / (len(counts) * counts[labels])
        targets = np.eye(len(counts))[labels] - 1 / len(counts)
        points = (values - mean.astype(np.float32)) / scale.astype(np.float32)
        centre = (importance.astype(np.float32) @ points) / len(labels)
        middle = np.average(targets, axis=0, weights=importance)
        roots = np.sqrt(importance)[:, None]
        points = (points - centre) * roots.astype(np.float32)
        gram = points.T @ points if points.shape[1] <= len(points) else points @ points.T
        return cls(mean, scale, centre, points, middle, (targets - middle) * roots, gram.astype(np.float64))

    def ridge(self, penalty: float) -> np.ndarray:
        """Weights ``(d, classes)`` of ridge regression: in the dual where features are more than files."""
        from scipy.linalg import solve

        penalised = self.gram + penalty * np.eye(len(self.gram))
        if len(self.gram) == self.points.shape[1]:
            return solve(penalised, self.points.T @ self.targets, assume_a="pos")
        return self.points.T @ solve(penalised, self.targets, assume_a="pos")
