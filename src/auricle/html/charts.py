"""Curves and bars as inline SVG; colours come from the page's style, so they follow its light or dark scheme."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.html.escape import escape

_WIDTH, _HEIGHT = 360.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 10.0, 10.0, 24.0
_MOST_POINTS = 240
_DOTS = 40
_LOG_FROM, _LOG_RANGE = 20.0, 1e4


@final
@dataclass(frozen=True)
class Series:
    """A curve: points ``(seconds, value)`` in the order of time; values that are not finite are left out."""

    points: Sequence[tuple[float, float]]
    label: str = ""
    unit: str = ""
    dots: bool = False


@final
@dataclass(frozen=True)
class Chart:
    """Curves on common axes.

    Attributes:
        title: what is drawn.
        series: one or two curves.
        until: where the time axis ends.
        limit: a level that is drawn as a dashed line, NaN for none.
        marks: times at which something happened, with its name.
    """

    title: str
    series: Sequence[Series]
    until: float
    limit: float = math.nan
    marks: Sequence[tuple[float, str]] = ()

    def svg(self) -> str:
        """The chart as a ``figure``, empty where there is nothing to draw."""
        curves = [_thin(series.points) for series in self.series]
        points = np.concatenate([curve.reshape(-1, 2) for curve in curves])
        if not len(points):
            return ""
        values = points[:, 1].tolist() + ([self.limit] if self.limit <= 3 * points[:, 1].max() else [])
        scale = _Scale.over(values)
        across = _across(self.until)
        lines = [
            _curve(series, curve, number, across, scale)
            for number, (series, curve) in enumerate(zip(self.series, curves, strict=True), 1)
        ]
        limit = _level(scale.place(self.limit)) if self.limit in values else ""
        marks = "".join(_mark(across(time), name) for time, name in self.marks)
        body = f"{_grid(scale)}{_times(self.until, across)}{limit}{marks}{''.join(lines)}"
        return _figure(self.title, _legend(self.series, curves), body)


@final
@dataclass(frozen=True)
class _Scale:
    """A vertical axis."""

    low: float
    high: float
    logarithmic: bool

    @staticmethod
    def over(values: Sequence[float]) -> "_Scale":
        low, high = min(values), max(values)
        if low > 0 and high / low > _LOG_FROM:
            return _Scale(math.log10(max(low, high / _LOG_RANGE)), math.log10(high), True)
        room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
        return _Scale(0.0 if 0 <= low < 0.35 * high else low - room, high + room, False)

    def place(self, value: float) -> float:
        """Height in the picture, from its top."""
        at = math.log10(max(value, 1e-30)) if self.logarithmic else value
        share = (at - self.low) / ((self.high - self.low) or 1.0)
        return _TOP + (1.0 - max(0.0, share)) * (_HEIGHT - _TOP - _BOTTOM)

    def ticks(self) -> list[float]:
        """Round values on the axis."""
        if not self.logarithmic:
            step = _round_step((self.high - self.low) / 4)
            return [step * n for n in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        for factors in ((1,), (1, 3), (1, 2, 5)):
            ticks = [f * 10.0**p for p in powers for f in factors if self.low <= math.log10(f * 10.0**p) <= self.high]
            if len(ticks) >= 3:
                break
        return ticks[:: -(-len(ticks) // 6)] if ticks else []


def bars(title: str, note: str, amounts: Sequence[float]) -> str:
    """Amounts from the largest to the smallest."""
    ordered = sorted((amount if math.isfinite(amount) else 0.0 for amount in amounts), reverse=True)
    scale = _Scale(0.0, 1.06 * (ordered[0] or 1.0), False)
    width = (_WIDTH - _LEFT - _RIGHT) / len(ordered)
    floor = scale.place(0.0)
    parts = "".join(
        f'<rect class="bar" x="{_LEFT + width * index:.1f}" y="{scale.place(amount):.1f}" '
        f'width="{0.8 * width:.2f}" height="{floor - scale.place(amount):.1f}"/>'
        for index, amount in enumerate(ordered)
    )
    return _figure(title, f"<span>{escape(note)}</span>", _grid(scale) + parts)


def duration(seconds: float) -> str:
    """Such as ``45 s``, ``12 min`` or ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{max(0.0, seconds):.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def _moment(seconds: float) -> str:
    """A round time on an axis."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _figure(title: str, legend: str, body: str) -> str:
    return f"""<figure class="chart"><figcaption>{escape(title)} {legend}</figcaption>
<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{escape(title)}">{body}</svg></figure>
"""


def _thin(points: Sequence[tuple[float, float]]) -> np.ndarray:
    """At most so many points, ``(point, 2)``, each the mean of some neighbours."""
    finite = np.array([point for point in points if math.isfinite(point[1])], np.float64).reshape(-1, 2)
    if len(finite) <= _MOST_POINTS:
        return finite
    return np.array([part.mean(axis=0) for part in np.array_split(finite, _MOST_POINTS)])


def _across(until: float) -> Callable[[float], float]:
    return lambda time: _LEFT + (_WIDTH - _LEFT - _RIGHT) * time / (until or 1.0)


def _curve(series: Series, curve: np.ndarray, number: int, across: Callable[[float], float], scale: _Scale) -> str:
    places = [(across(time), scale.place(value)) for time, value in curve]
    line = f'<polyline class="line s{number}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
    dotted = places if len(places) == 1 or (series.dots and len(places) <= _DOTS) else []
    return line + "".join(f'<circle class="dot s{number}" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in dotted)


def _legend(series: Sequence[Series], curves: Sequence[np.ndarray]) -> str:
    """The last value of each curve."""
    texts = ""
    for number, (line, curve) in enumerate(zip(series, curves, strict=True), 1):
        if len(curve):
            texts += (
                f'<span class="s{number}">{escape(f"{line.label} {_brief(curve[-1, 1])} {line.unit}".strip())}</span>'
            )
    return texts


def _grid(scale: _Scale) -> str:
    lines = ""
    for value in scale.ticks():
        y = scale.place(value)
        lines += f'<line class="grid" x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
        lines += f'<text x="{_LEFT - 6:g}" y="{y + 3.5:.1f}" text-anchor="end">{_brief(value)}</text>'
    return lines


def _times(until: float, across: Callable[[float], float]) -> str:
    step = _time_step(until)
    return "".join(
        f'<text x="{across(time):.1f}" y="{_HEIGHT - 6:g}" text-anchor="middle">{_moment(time)}</text>'
        for time in np.arange(step, until - 0.06 * until, step)
    )


def _level(y: float) -> str:
    return f'<line class="limit" x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _mark(x: float, name: str) -> str:
    bottom = _HEIGHT - _BOTTOM
    return (
        f'<g class="mark"><title>{escape(name)}</title>'
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP:g}" y2="{bottom:g}"/></g>'
    )


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, at least ``rough``."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def _time_step(until: float) -> float:
    steps = [s * unit for unit in (1, 60, 3600) for s in (1, 2, 5, 10, 20, 30)] + [
        86400.0 * days for days in (1, 5, 25)
    ]
    return next((float(step) for step in steps if step >= until / 4), until)


def _brief(value: float) -> str:
    """Three digits, with k and M above a thousand."""
    if abs(value) < 1e-12:
        return "0"
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}".replace("e-0", "e-")
