"""Distances between rows of embeddings."""

import numpy as np

from auricle.errors import OptionError

_BLOCK = 512


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances: float64 ``(n, m)`` of rows ``(n, d)`` and ``(m, d)``.

    Raises:
        OptionError: the rows differ in length, or a value is NaN or infinite.
    """
    a, b = _rows(first), _rows(second)
    if a.shape[1] != b.shape[1]:
        raise OptionError(f"rows of {a.shape[1]} and of {b.shape[1]} features can't be compared: use one embedding")
    centre = b.mean(axis=0) if len(b) else 0.0
    a, b = a - centre, b - centre
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * a @ b.T
    return np.maximum(squares, 0.0)


def nearest(values: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of ``values`` ``(n, d)`` its nearest row of ``others`` ``(m, d)``, m at least 1.

    Returns:
        Euclidean distances, float64 ``(n,)``, and row numbers, int64 ``(n,)``.
    """
    found = np.zeros(len(values), np.int64)
    for at in range(0, len(values), _BLOCK):
        found[at : at + _BLOCK] = squared_distances(values[at : at + _BLOCK], others).argmin(axis=1)
    # computed again by subtraction: of near copies the formula above keeps few digits
    steps = _rows(values) - _rows(others)[found]
    return np.sqrt((steps * steps).sum(axis=1)), found


def mean_distance(squares: np.ndarray) -> float:
    """Mean Euclidean distance of all pairs within a set, from its squared distances ``(n, n)``, n at least 2.

    A plain figure of diversity: 0 where all sounds are one.
    """
    count = len(squares)
    assert count >= 2 and squares.shape == (count, count)
    return float(np.sqrt(squares)[~np.eye(count, dtype=bool)].mean())


def _rows(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise OptionError(f"embeddings of shape {values.shape} can't be compared: give finite rows (n, d)")
    return values
