"""Inception score."""

import numpy as np

from auricle.errors import OptionError


def inception_score(probabilities: np.ndarray) -> float:
    """How sure and how various a classifier is: 1 (all alike) to k (each surely of a class, all classes alike).

    ``exp`` of the mean divergence of each sound's class probabilities from their mean (Salimans et al., 2016). It knows
    nothing of how real sounds are: read it beside the score of real ones.

    Args:
        probabilities: ``(n, k)``, rows that sum to 1.

    Raises:
        OptionError: no rows, or rows that are no probabilities.
    """
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or not rows.size or (rows < 0).any() or not np.allclose(rows.sum(axis=1), 1.0, atol=1e-4):
        raise OptionError(f"no probabilities of classes (shape {rows.shape}): rows must be positive and sum to 1")
    mean = rows.mean(axis=0)
    ratios = np.log(np.where(rows > 0, rows, 1.0)) - np.log(np.where(mean > 0, mean, 1.0))
    return float(np.exp((rows * ratios).sum(axis=1).mean()))
