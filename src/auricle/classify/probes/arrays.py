"""Arrays of fitted probes, from what scikit-learn fits."""

import warnings
from typing import Any

import numpy as np

from auricle.classify.probes.probe import Arrays


def float_arrays(**arrays: np.ndarray) -> Arrays:
    return {name: np.ascontiguousarray(value, np.float32) for name, value in arrays.items()}


def fit_quietly(model: Any, values: np.ndarray, labels: np.ndarray) -> Any:
    """Fit without a word about steps that were too few: the inner cross-validation judges what came of it."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(values, labels)
