"""The difference of two rate-quality curves as one figure."""

from collections.abc import Sequence

import numpy as np

from auricle.extras import require

_LEAST_POINTS = 2


def bd_rate(anchor: Sequence[tuple[float, float]], tested: Sequence[tuple[float, float]]) -> float | None:
    """Return how many per cent more bits ``tested`` needs than ``anchor`` at equal quality; negative is fewer.

    Bjontegaard, "Calculation of average PSNR differences between RD curves", VCEG-M33, 2001: the mean difference of
    the logarithms of the rates over the range of quality that both curves reach. Between points the curves are
    monotone cubics (Fritsch and Carlson), as in the reference software of newer video codecs. Points that cost more
    than another one and are no better are left out.

    Args:
        anchor: points ``(kbps, quality)``, both finite, kbps above 0, a higher quality being better.
        tested: the same of the other curve.

    Returns:
        None if a curve has fewer than two points, or the curves share no range of quality.

    Raises:
        MissingPackageError: the package ``scipy`` is not installed.
    """
    curves = [_rising(points) for points in (anchor, tested)]
    if min(map(len, curves)) < _LEAST_POINTS:
        return None
    low = max(curve[0][1] for curve in curves)
    high = min(curve[-1][1] for curve in curves)
    if high <= low:
        return None
    first, second = (_mean_log(curve, low, high) for curve in curves)
    return float((np.exp(second - first) - 1) * 100)


def _rising(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """In ascending order of rate, only those that are better than all cheaper ones."""
    rising: list[tuple[float, float]] = []
    for rate, quality in sorted(points, key=lambda point: (point[0], -point[1])):
        if not rising or quality > rising[-1][1]:
            rising.append((rate, quality))
    return rising


def _mean_log(curve: list[tuple[float, float]], low: float, high: float) -> float:
    """Mean logarithm of the rate between two qualities."""
    interpolate = require("scipy.interpolate", extra="bench", purpose="BD-rates")
    rates, qualities = np.array(curve).T
    return float(interpolate.PchipInterpolator(qualities, np.log(rates)).integrate(low, high)) / (high - low)
