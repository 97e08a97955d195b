"""A probe with a hidden layer."""

from collections.abc import Mapping
from typing import final

import numpy as np
from pydantic import Field

from auricle.classify.probes.arrays import fit_quietly, float_arrays
from auricle.classify.probes.linear import LINEAR_LAYOUT
from auricle.classify.probes.probe import Arrays, FittedProbe, Probe
from auricle.classify.probes.training_set import TrainingSet


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
        return {**LINEAR_LAYOUT, "inner": ("F32", "d h"), "inner_bias": ("F32", "h"), "weights": ("F32", "h c")}

    def learn(self, training_set: TrainingSet, classes: int, strength: float, seed: int) -> Arrays:
        """Fit in whitened principal directions."""
        from sklearn.neural_network import MLPClassifier

        scaling = training_set.scaling
        gain = np.sqrt(scaling.rotation.shape[1])  # of squares that add up to 1: about unit variance
        network = MLPClassifier((self.hidden,), alpha=strength, max_iter=100, tol=1e-3, random_state=seed)
        network = fit_quietly(network, training_set.placed * gain, training_set.labels)
        weights, bias = network.coefs_[1], network.intercepts_[1]
        if classes == 2:
            weights, bias = np.hstack((np.zeros_like(weights), weights)), np.array([0.0, bias[0]])
        inner = scaling.rotation @ (gain * network.coefs_[0])
        first = {"mean": scaling.mean, "scale": scaling.scale, "inner": inner, "inner_bias": network.intercepts_[0]}
        return float_arrays(**first, weights=weights, bias=bias)

    def max_directions(self, files: int) -> int | None:
        """A network learns noise where it sees more directions than sounds."""
        return min(256, files // 2 + 1)

    def restore(self, classes: tuple[str, ...], arrays: Arrays) -> FittedProbe:
        return Network(classes, arrays)
