"""The figures of a benchmark as HTML tables. Every text of a file or a codec is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auricle.bench.report.metrics import metric_column, ordered
from auricle.bench.report.text_summary import pair_tables
from auricle.bench.scoring.results import BenchmarkResult, Cost, Curve, Estimate, Point
from auricle.html import escape

_MOST_PROBLEMS = 200


def figures(curves: Sequence[Curve]) -> str:
    """A row for each codec and setting; a codec that could not run has one that says why."""
    names = ordered({name for curve in curves for point in curve.points for name in point.scores})
    columns = [metric_column(name) for name in names]
    heads = ["Codec", "Setting", "Real kb/s", *(column.title for column in columns), "Overhead", "Files", "Problems"]
    rows = []
    for curve in curves:
        rows += [[escape(curve.codec), *_point(point, names)] for point in curve.points]
        if not curve.points:
            empty = ["-"] * (2 + len(names) + 1)
            rows.append([escape(curve.codec), *empty, "0", escape(curve.note or "no result")])
    return table("All figures", heads, rows)


def bd_rate_table(curves: Sequence[Curve], anchor: str) -> str:
    """Bits at equal quality against the anchor, wins and losses alike; empty where nothing could be compared."""
    names = ordered({name for curve in curves for name in curve.bd_rate})
    rows = [[escape(curve.codec), *(_bd_rate(curve.bd_rate, name) for name in names)] for curve in curves]
    filled = [row for row, curve in zip(rows, curves, strict=True) if curve.bd_rate]
    heads = ["Codec", *(metric_column(name).title for name in names)]
    return table(f"Bits against {anchor}", heads, filled) if filled else ""


def pairs(result: BenchmarkResult) -> str:
    """For each peer the paired differences, metrics down and settings across; empty without peers."""
    tables = []
    for title, (heads, rows) in pair_tables(result.pairs):
        cells = [[escape(row[0]), *map(_difference, row[1:])] for row in rows]
        tables.append(f"<h3>{escape(title)}</h3>\n{table(title, heads, cells)}")
    return "".join(tables)


def _difference(text: str) -> str:
    kind = {"better": "win", "worse": "loss"}.get(text.rpartition(" ")[2])
    return f'<span class="{kind}">{escape(text)}</span>' if kind else escape(text)


def costs(curves: Sequence[Curve]) -> str:
    """What codecs need, and their versions."""
    heads = ["Codec", "Version", "Encodes", "Decodes", "Parameters", "MAC per s of sound", "Peak memory", "Note"]
    rows = [[escape(curve.codec), escape(curve.version or "-"), *_cost(curve.cost, curve.note)] for curve in curves]
    return table("Costs", heads, rows)


def files(result: BenchmarkResult) -> str:
    """All files that were asked for."""
    rows = [
        [escape(file.name), f"{file.seconds:.1f}", f"{file.sample_rate}", f"{file.channels}", escape(file.problem)]
        for file in result.files
    ]
    return table("Files", ["File", "Seconds", "Hz", "Channels", "Problem"], rows)


def problems(result: BenchmarkResult) -> str:
    """What went wrong file by file; empty for nothing."""
    failures = [file for file in result.file_results if file.problem]
    rows = [list(map(escape, (file.codec, file.setting, file.file, file.problem))) for file in failures]
    hidden = len(rows) - _MOST_PROBLEMS
    more = f'<p class="meta">{hidden} more are in the JSON file of the result.</p>' if hidden > 0 else ""
    html = table("Problems", ["Codec", "Setting", "File", "Problem"], rows[:_MOST_PROBLEMS])
    return html + more if rows else ""


def facts(title: str, values: Mapping[str, Any]) -> str:
    return table(
        title, ["Name", "Value"], [[escape(str(name)), escape(_plain(value))] for name, value in values.items()]
    )


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML, heads and the title are text."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"""<div class="wide" tabindex="0" role="region" aria-label="{escape(title)}">
<table><thead><tr>{head}</tr></thead><tbody>
{body}</tbody></table></div>
"""


def _point(point: Point, names: Sequence[str]) -> list[str]:
    overhead = "-" if point.overhead is None else f"{point.overhead:.1%}"
    scores = [_estimate(point.scores.get(name), metric_column(name).digits) for name in names]
    problems = "<br>".join(map(escape, point.problems))
    return [escape(point.setting), _estimate(point.kbps, 2), *scores, overhead, str(point.files), problems]


def _estimate(estimate: Estimate | None, digits: int) -> str:
    if estimate is None:
        return "-"
    return f"{estimate.mean:.{digits}f} <small>({estimate.low:.{digits}f} to {estimate.high:.{digits}f})</small>"


def _bd_rate(rates: Mapping[str, float | None], name: str) -> str:
    value = rates.get(name)
    if value is None:
        return '<span class="faint">no common quality</span>'
    kind, text = ("win", "fewer bits") if value < 0 else ("loss", "more bits")
    return f'<span class="{kind}">{value:+.0f} %, {text}</span>' if round(value) else "as many bits"


def _cost(cost: Cost | None, note: str) -> list[str]:
    if cost is None:
        return ["-"] * 5 + [escape(note)]
    remarks = ". ".join(text for text in (cost.note, note) if text)
    return [
        _times(cost.encode_speed),
        _times(cost.decode_speed),
        _short(cost.parameters),
        _short(cost.macs_per_second),
        "-" if cost.peak_bytes is None else f"{cost.peak_bytes / 1e6:.0f} MB",
        escape(remarks),
    ]


def _times(speed: float | None) -> str:
    return "-" if speed is None else f"{speed:.3g} times real time"


def _short(number: float | None) -> str:
    """Three digits, such as ``3.2 M``."""
    if number is None:
        return "-"
    size, suffix = next(((s, t) for s, t in ((1e9, " G"), (1e6, " M"), (1e3, " k")) if abs(number) >= s), (1.0, ""))
    return f"{number / size:.3g}{suffix}"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
