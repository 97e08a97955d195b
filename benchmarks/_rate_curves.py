"""Quality over bitrate with 95 % intervals, as SVG files: the same bytes from the same result."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 520, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 120, 34, 44
_COLOURS = ("#1f5fbf", "#c0392b", "#2e8b57", "#8e44ad", "#b8860b", "#444444", "#d2691e")
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "4 2", "1 3", "10 4")
_KBPS = (1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)


@dataclass(frozen=True)
class Point:
    """A codec at one setting: real bitrate, and a metric with its interval."""

    kbps: float
    mean: float
    low: float
    high: float


def curves(result: Mapping[str, Any], metric: str) -> dict[str, list[Point]]:
    """The points of each codec, from the lowest bitrate; codecs that were not judged are left out."""
    points_by_codec: dict[str, list[Point]] = {}
    for curve in result["curves"]:
        points = [
            Point(point["kbps"]["mean"], **{key: point["scores"][metric][key] for key in ("mean", "low", "high")})
            for point in curve["points"]
            if point.get("kbps") and metric in point["scores"]
        ]
        if points:
            points_by_codec[curve["codec"]] = sorted(points, key=lambda point: point.kbps)
    return points_by_codec


def picture(title: str, label: str, lines: Mapping[str, Sequence[Point]]) -> str:
    """One chart: bitrate in kb/s on a logarithmic axis, the metric upwards, whiskers for intervals."""
    points = [point for line in lines.values() for point in line]
    across = _Axis.logarithmic([point.kbps for point in points])
    up = _Axis.linear([value for point in points for value in (point.low, point.high)])
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-size="14">{escape(title)}</text>',
        *_grid(across, up),
    ]
    for number, (name, line) in enumerate(lines.items()):
        parts += _line(name, line, number, across, up)
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 8}">kb/s of whole files; {escape(label)} upwards</text>')
    return "\n".join((*parts, "</svg>", ""))


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    is_logarithmic: bool

    @staticmethod
    def logarithmic(values: Sequence[float]) -> "_Axis":
        return _Axis(math.log(min(values) / 1.1), math.log(max(values) * 1.1), True)

    @staticmethod
    def linear(values: Sequence[float]) -> "_Axis":
        room = 0.05 * (max(values) - min(values)) or 1.0
        return _Axis(min(values) - room, max(values) + room, False)

    def share(self, value: float) -> float:
        return ((math.log(value) if self.is_logarithmic else value) - self.low) / (self.high - self.low)

    def x(self, value: float) -> float:
        return _LEFT + self.share(value) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - self.share(value) * (_HEIGHT - _TOP - _BOTTOM)

    def ticks(self) -> list[float]:
        if self.is_logarithmic:
            return [value for value in _KBPS if self.low <= math.log(value) <= self.high]
        rough = (self.high - self.low) / 5
        power = 10 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        return [step * n for n in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def _grid(across: _Axis, up: _Axis) -> Iterator[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for value in across.ticks():
        x = across.x(value)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}" stroke="#e4e4e4"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{value:g}</text>'
    for value in up.ticks():
        y = up.y(value)
        yield f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'


def _line(name: str, points: Sequence[Point], number: int, across: _Axis, up: _Axis) -> Iterator[str]:
    colour, dashes = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
    places = [(across.x(point.kbps), up.y(point.mean)) for point in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    style = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
    yield f'<polyline points="{path}" {style}/>'
    for point, (x, y) in zip(points, places, strict=True):
        whisker = f'x1="{x:.1f}" x2="{x:.1f}" y1="{up.y(point.low):.1f}" y2="{up.y(point.high):.1f}"'
        yield f'<line {whisker} stroke="{colour}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>'
    x, y = _WIDTH - _RIGHT + 10, _TOP + 8 + 20 * number
    yield f'<polyline points="{x},{y} {x + 22},{y}" {style}/>'
    yield f'<text x="{x + 28}" y="{y + 4}">{escape(name)}</text>'
