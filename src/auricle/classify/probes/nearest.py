"""A probe that lets the nearest sounds vote."""

from collections.abc import Mapping
from typing import final

import numpy as np

from auricle.classify.probes.arrays import float_arrays
from auricle.classify.probes.probe import Arrays, FittedProbe, Probe
from auricle.classify.probes.training_set import TrainingSet


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
        placed = float_arrays(mean=scaling.mean, scale=scaling.scale, rotation=scaling.rotation)
        points = _unit(training_set.placed).astype(np.float32)
        neighbours = np.array([min(int(strength), len(points))], np.int32)
        return {**placed, "points": points, "labels": training_set.labels.astype(np.int32), "neighbours": neighbours}

    def max_directions(self, files: int) -> int | None:
        """The file keeps every sound: in few numbers."""
        return 128

    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        return Nearest(classes, arrays)


def _unit(points: np.ndarray) -> np.ndarray:
    return points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
