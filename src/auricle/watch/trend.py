"""Robust statistics of curves. Pure functions on plain numbers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_MOST_POINTS = 120


class Trend(NamedTuple):
    """A straight line through points.

    ``start`` and ``end`` are its values at the first and last x. ``change`` is end against start, relative, and
    ``noise`` the typical distance of points from the line, relative as well.
    """

    start: float
    end: float
    change: float
    noise: float


def trend(points: Sequence[tuple[float, float]], *, least: int) -> Trend | None:
    """The line of Theil (1950) and Sen (1968): its slope is the median over all pairs, so outliers count little.

    Args:
        points: x and y in the order of x; those whose y is not finite are left out.
        least: None is returned for fewer points than this.
    """
    finite = np.array([(x, y) for x, y in points if np.isfinite(y)], np.float64).reshape(-1, 2)
    if len(finite) < max(2, least):
        return None
    parts = np.array_split(finite, min(len(finite), _MOST_POINTS))
    x, y = np.array([np.median(part, axis=0) for part in parts]).T
    first, second = np.triu_indices(len(x), 1)
    apart = x[second] > x[first]
    if not apart.any():
        return None
    slope = float(np.median((y[second] - y[first])[apart] / (x[second] - x[first])[apart]))
    level = float(np.median(y - slope * x))
    start, end = level + slope * x[0], level + slope * x[-1]
    size = max(abs(start), 1e-12)
    noise = float(np.median(np.abs(y - level - slope * x))) / size
    return Trend(float(start), float(end), float((end - start) / size), noise)


def participants(amounts: Sequence[float], share: float) -> int:
    """How many of the largest amounts make up ``share`` of their sum; NaN counts as 0."""
    ordered = np.sort(np.nan_to_num(np.asarray(amounts, np.float64)))[::-1]
    total = ordered.sum()
    return int(np.searchsorted(np.cumsum(ordered), share * total * (1 - 1e-9)) + 1) if total > 0 else 0
