"""Rate-quality curves as inline SVG. Colours come from the page, so they follow its light or dark scheme."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from auricle.bench.report.metrics import Column, metric_column, ordered
from auricle.bench.scoring.results import Curve, Estimate
from auricle.html import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = (5.6, 3.5)
_INK, _LINE = "#010203", "#010204"
_COLOURS = {_INK: "currentColor", _LINE: "var(--line)"}
_OTHER_COLOURS = 9
_TICKS = (0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512)


@final
@dataclass(frozen=True)
class LineStyle:
    """How one codec is styles.

    Attributes:
        place: a colour of the style sheet, ``--codec-N``; 0 is Auricle's.
        width: of the line.
        marker: of the points, as matplotlib names it.
        line: solid, dashed or dotted, as both matplotlib and CSS name it.
    """

    place: int
    width: float
    marker: str
    line: str = "solid"

    @property
    def colour(self) -> str:
        """What stands for the colour until the drawing is done."""
        return f"#0102{0x40 + self.place:02x}"


def line_styles(curves: Sequence[Curve], own_codecs: frozenset[str]) -> dict[str, LineStyle]:
    """By codec: Auricle's models share a colour and a thick line, peers have a colour each."""
    markers, lines = "osD^vP<>X*", ("solid", "dashed", "dotted")
    styles = {}
    for index, codec in enumerate(curve.codec for curve in curves if curve.codec in own_codecs):
        styles[codec] = LineStyle(0, 3.0, markers[index % len(markers)], lines[index % len(lines)])
    for index, codec in enumerate(curve.codec for curve in curves if curve.codec not in own_codecs):
        styles[codec] = LineStyle(1 + index % _OTHER_COLOURS, 1.3, markers[(1 + index) % len(markers)])
    return styles


def charts(curves: Sequence[Curve], styles: Mapping[str, LineStyle]) -> str:
    """One figure for each metric that any codec was judged by, with a legend; empty where there is nothing to draw."""
    names = ordered({name for curve in curves for point in curve.points for name in point.scores})
    figures = [_figure(metric_column(name), curves, styles) for name in names]
    return "".join(figure for figure in figures if figure)


def legend(curves: Sequence[Curve], styles: Mapping[str, LineStyle]) -> str:
    """Codecs that have points and their colours."""
    entries = "".join(
        f'<li><i style="border-top: {style.width:g}px {style.line} var(--codec-{style.place})"></i>{escape(codec)}</li>'
        for codec, style in [(curve.codec, styles[curve.codec]) for curve in curves if curve.points]
    )
    return f'<ul class="legend">{entries}</ul>' if entries else ""


def _figure(column: Column, curves: Sequence[Curve], styles: Mapping[str, LineStyle]) -> str:
    lines = [(styles[curve.codec], _places(curve, column.name)) for curve in curves]
    lines = [(style, places) for style, places in lines if places]
    if not lines:
        return ""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": column.name, "font.size": 9.5, "text.parse_math": False}):
        figure = Figure(_SIZE, layout="constrained")
        axes = figure.add_subplot()
        for style, places in lines:
            _draw(axes, style, places)
        _finish(axes, column, [rate.mean for _, places in lines for rate, _ in places])
        svg = _svg(figure)
    title = escape(column.title)
    return f"""<figure class="chart"><figcaption>{title} <span>{column.better}</span></figcaption>
<div role="img" aria-label="{title} over bitrate; the figures are in the table below">{svg}</div></figure>
"""


def _places(curve: Curve, name: str) -> list[tuple[Estimate, Estimate]]:
    """Bitrate and score of each point that has both, in ascending order of bitrate."""
    estimates = [(point.kbps, point.scores[name]) for point in curve.points if name in point.scores]
    return sorted(((rate, score) for rate, score in estimates if rate is not None and rate.mean > 0), key=_rate)


def _rate(place: tuple[Estimate, Estimate]) -> float:
    return place[0].mean


def _draw(axes: "Axes", style: LineStyle, places: Sequence[tuple[Estimate, Estimate]]) -> None:
    rates = [rate.mean for rate, _ in places]
    means = [score.mean for _, score in places]
    bars = [[max(0.0, score.mean - score.low) for _, score in places], [_above(score) for _, score in places]]
    on_top = 3 if style.place == 0 else 2
    shape = {"ls": style.line, "lw": style.width, "marker": style.marker, "ms": 3 + style.width}
    axes.plot(rates, means, color=style.colour, zorder=on_top, **shape)
    axes.errorbar(rates, means, yerr=bars, fmt="none", ecolor=style.colour, elinewidth=1.0, capsize=2.5, zorder=on_top)


def _above(score: Estimate) -> float:
    return max(0.0, score.high - score.mean)


def _finish(axes: "Axes", column: Column, rates: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator

    axes.set_xscale("log")
    low, high = 0.85 * min(rates), 1.18 * max(rates)
    axes.set_xlim(low, high)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([tick for tick in _TICKS if low <= tick <= high] or [min(rates)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("kb/s of the real files, logarithmic", color=_INK)
    axes.set_ylabel(column.unit, color=_INK)
    axes.grid(color=_LINE, lw=0.7)
    axes.tick_params(colors=_INK)
    for spine in axes.spines.values():
        spine.set_color(_LINE)


def _svg(figure: "Figure") -> str:
    """Without prologue, metadata and the names of groups, which would not be unique on a page."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    for stand_in, colour in _COLOURS.items():
        text = text.replace(stand_in, colour)
    return re.sub(r"#0102([4-5][0-9a-f])", lambda match: f"var(--codec-{int(match[1], 16) - 0x40})", text).strip()
