"""Linear probes: regression on the classes, and on the logarithms of their odds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import final

import numpy as np

from auricle.classify.probes.arrays import fit_quietly, float_arrays
from auricle.classify.probes.probe import Arrays, FittedProbe, Probe
from auricle.classify.probes.training_set import TrainingSet

SHARPNESS = 5.0
"""Regression on 0 and 1 to logits; calibration does the rest."""
LINEAR_LAYOUT = MappingProxyType(
    {"mean": ("F32", "d"), "scale": ("F32", "d"), "weights": ("F32", "d c"), "bias": ("F32", "c")}
)


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
        return LINEAR_LAYOUT

    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        """Fit in the principal directions, which changes nothing but the time it takes."""
        from sklearn.linear_model import LogisticRegression

        scaling = training_set.scaling
        model = fit_quietly(
            LogisticRegression(C=strength, max_iter=300, tol=1e-3), training_set.placed, training_set.labels
        )
        weights, bias = scaling.rotation @ model.coef_.T, model.intercept_
        if classes == 2:  # scikit-learn has one output: the odds of the second class
            weights, bias = np.hstack((np.zeros_like(weights), weights)), np.array([0.0, bias[0]])
        return float_arrays(mean=scaling.mean, scale=scaling.scale, weights=weights, bias=bias)

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
        return LINEAR_LAYOUT

    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        """Solve in closed form; classes count alike, however many sounds they have."""
        problem = training_set.balanced
        weights = problem.ridge(strength * len(training_set.labels))
        return float_arrays(
            mean=problem.mean,
            scale=problem.scale,
            weights=SHARPNESS * weights,
            bias=SHARPNESS * (problem.middle - problem.centre @ weights),
        )

    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        return Linear(classes, arrays)
