"""Probabilities that mean what they say."""

from typing import NamedTuple

import numpy as np

_MIN_TEMPERATURE, _MAX_TEMPERATURE = 0.05, 20.0
_BINS = 10


class Temperature(NamedTuple):
    """A temperature, and the mean log loss with it."""

    value: float
    loss: float


def softmax(scores: np.ndarray) -> np.ndarray:
    """Rows ``(files, classes)`` to probabilities."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fit_temperature(scores: np.ndarray, truth: np.ndarray) -> Temperature:
    """The number to divide scores by so that the log loss is least (Guo et al., "On calibration", 2017).

    With Platt's targets (1999), as if one sound more had been mistaken: a few that are all right are no certainty.

    Args:
        scores: ``(files, classes)`` of sounds that were not learned from; minus infinity for what can't be.
        truth: class numbers ``(files,)``.
    """
    count, classes = scores.shape
    targets = np.full((count, classes), 1 / (count + 2) / max(1, classes - 1))
    targets[np.arange(count), truth] = (count + 1) / (count + 2)

    def loss(temperature: float) -> float:
        return float(-(targets * np.log(np.maximum(softmax(scores / temperature), 1e-12))).sum(axis=1).mean())

    candidates = np.geomspace(_MIN_TEMPERATURE, _MAX_TEMPERATURE, 49)
    best = min(candidates, key=loss)
    return Temperature(float(best), loss(best))


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over ten bins (Naeini et al., 2015).

    Args:
        probabilities: ``(files, classes)``.
        truth: class numbers ``(files,)``.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs(float(right[bins == b].mean() - confidence[bins == b].mean())) for b in np.unique(bins)]
    return float(np.average(gaps, weights=np.unique(bins, return_counts=True)[1]))
