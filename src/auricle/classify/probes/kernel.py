"""Regression on the classes by likeness to sounds that were learned from."""

from collections.abc import Mapping
from typing import final

import numpy as np

from auricle.classify.probes.arrays import float_arrays
from auricle.classify.probes.kernel_regression import rbf_kernel, restored_points, row_pieces
from auricle.classify.probes.linear import SHARPNESS
from auricle.classify.probes.probe import Arrays, FittedProbe, Probe
from auricle.classify.probes.training_set import TrainingSet


@final
class KernelMachine(FittedProbe):
    """A weighted sum of kernel values with known points."""

    def scores(self, values: np.ndarray) -> np.ndarray:
        arrays, points = self.arrays, restored_points(self.arrays["points"]).astype(np.float64)
        pieces = []
        for rows in row_pieces(len(values)):  # in float64, so that a sound's scores are those that it has alone
            placed = (values[rows].astype(np.float64) - arrays["mean"]) / arrays["scale"]
            pieces.append(rbf_kernel(placed, points) @ arrays["weights"])
        return np.concatenate(pieces).astype(np.float32)


@final
class KernelProbe(Probe, kind="kernel"):
    """Kernel ridge regression with a Gaussian kernel (Saunders, Gammerman and Vovk, 1998): its borders between classes
    may bend, where those of a linear probe are straight."""

    @property
    def strengths(self) -> tuple[float, ...]:
        """One weight of the penalty: results from .01 to .1 differ by less than inner folds can tell."""
        return (0.03,)

    @property
    def layout(self) -> Mapping[str, tuple[str, str]]:
        return {"mean": ("F32", "d"), "scale": ("F32", "d"), "points": ("I8", "n d"), "weights": ("F32", "n c")}

    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        """Solve in closed form; classes count alike, however many sounds they have."""
        problem = training_set.kernel_regression
        weights = SHARPNESS * problem.ridge(strength)
        return {**float_arrays(mean=problem.mean, scale=problem.scale, weights=weights), "points": problem.points}

    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        return KernelMachine(classes, arrays)
