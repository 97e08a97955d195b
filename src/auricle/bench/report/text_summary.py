"""A benchmark's result as text for the terminal."""

from collections.abc import Iterable, Iterator, Sequence

from auricle.bench.scoring.metrics import METRICS
from auricle.bench.scoring.results import BenchmarkResult, Curve, Estimate, PairedDifference, Point
from auricle.bench.scoring.rows import number
from auricle.bench.text_table import markdown, plain
from auricle.printable import printable, rejected_lines

_LISTED = 8
_PAIRED = (
    "differences are paired, file by file, at the nearest real bitrate; in brackets the 95 % bootstrap interval over"
    " speakers or pieces (--groups) or files; better or worse where all of it lies on one side"
)
Table = tuple[list[str], list[list[str]]]


def format_result(result: BenchmarkResult) -> str:
    """Tables of quality and of cost, then everything that could not be done."""
    quality = _without_empty(*quality_table(result.curves))
    cost = _without_empty(*cost_table(result.curves))
    parts = [
        printable(result.title),
        plain(*quality),
        f"± is half of a 95 % bootstrap interval over files, scored at {result.settings.get('sample_rate')} Hz"
        f" as {result.settings.get('score_as')}",
        *(f"{title}\n\n{plain(*table)}" for title, table in pair_tables(result.pairs)),
        _PAIRED if result.pairs else "",
        plain(*cost) if len(cost[0]) > 1 else "",
        "\n".join(map(printable, _remarks(result))),
        _time(result),
    ]
    return "\n\n".join(part for part in parts if part)


def quality_table(curves: Iterable[Curve]) -> Table:
    """Heads and rows: one row for each codec and setting, and one for each codec that could not run."""
    metrics = tuple(METRICS.values())
    heads = ["codec", "setting", "kb/s", *(f"{m.label} {m.unit}".strip() for m in metrics), "overhead", "files", ""]
    rows = []
    for curve in curves:
        for point in curve.points:
            scores = [_estimate(point.scores.get(metric.name), metric.digits) for metric in metrics]
            overhead = "-" if point.overhead is None else f"{point.overhead:.1%}"
            remark = "; ".join(point.problems)
            kbps = _estimate(point.kbps, 2)
            rows.append([curve.codec, point.setting, kbps, *scores, overhead, _files(point), remark])
        if not curve.points:
            rows.append([curve.codec, *["-"] * (len(heads) - 2), curve.note])
    return heads, rows


def pair_tables(pairs: Sequence[PairedDifference]) -> list[tuple[str, Table]]:
    """For each peer a title, heads and rows: metrics down, the first codec's settings across."""
    tables = []
    for peer in dict.fromkeys(pair.peer for pair in pairs):
        against = [pair for pair in pairs if pair.peer == peer]
        names = [name for name in METRICS if any(name in pair.differences for pair in against)]
        heads = ["kb/s", *(f"{pair.kbps:.2f} and {pair.peer_kbps:.2f}" for pair in against)]
        rows = [[_metric_head(name), *(difference_text(pair, name) for pair in against)] for name in names]
        counts = [f"{pair.files}, {pair.groups}" for pair in against]
        tables.append((f"{against[0].codec} less {peer}", (heads, [*rows, ["files, groups", *counts]])))
    return tables


def difference_text(pair: PairedDifference, name: str) -> str:
    """Such as ``+0.12 (+0.03 to +0.21) better``; a dash where nothing was judged."""
    difference, metric = pair.differences.get(name), METRICS[name]
    if difference is None:
        return "-"
    mean, low, high = (f"{value:+.{metric.digits}f}" for value in (difference.mean, difference.low, difference.high))
    return f"{mean} ({low} to {high}) {verdict(pair, name)}".rstrip()


def verdict(pair: PairedDifference, name: str) -> str:
    """``better`` or ``worse`` where the whole interval lies on one side of 0, else empty."""
    difference, higher_is_better = pair.differences[name], METRICS[name].higher_is_better
    if higher_is_better is None or difference.low <= 0.0 <= difference.high:
        return ""
    return "better" if (difference.low > 0.0) == higher_is_better else "worse"


def _metric_head(name: str) -> str:
    return f"{METRICS[name].label} {METRICS[name].unit}".strip()


def cost_table(curves: Iterable[Curve]) -> Table:
    """Heads and rows: speeds on one thread, network, memory, and bits saved; one row for each codec that was run."""
    better = [metric for metric in METRICS.values() if metric.higher_is_better is not None]
    heads = ["codec", "encode x", "decode x", "Mparameters", "MMAC/s", "peak MB"]
    heads += [f"BD-rate {metric.label}" for metric in better] + ["version", ""]
    rows = []
    for curve in curves:
        if curve.cost is None and not curve.points:
            continue
        cost = curve.cost
        figures = ["-"] * 5
        if cost is not None:
            figures = [
                _rounded(cost.encode_speed),
                _rounded(cost.decode_speed),
                _rounded(cost.parameters, 1e6),
                _rounded(cost.macs_per_second, 1e6),
                _rounded(cost.peak_bytes, 1e6),
            ]
        bd_rates = [_percent(curve.bd_rate.get(metric.name)) for metric in better]
        remark = cost.note if cost is not None and cost.note else curve.note
        rows.append([curve.codec, *figures, *bd_rates, curve.version or "-", remark])
    return heads, rows


def _remarks(result: BenchmarkResult) -> Iterator[str]:
    yield from result.notes
    unusable = [file for file in result.files if file.problem]
    yield from rejected_lines([(file.name, file.problem) for file in unusable], most=_LISTED)


def _time(result: BenchmarkResult) -> str:
    share = result.metric_seconds / result.work_seconds if result.work_seconds else 0.0
    return f"{result.wall_seconds:.0f} s, {share:.0%} of the work was metrics"


def _estimate(value: Estimate | None, digits: int) -> str:
    if value is None:
        return "-"
    return f"{value.mean:.{digits}f} ±{(value.high - value.low) / 2:.{digits}f}"


def _files(point: Point) -> str:
    return str(point.files) if point.files else "-"


def _rounded(value: float | None, unit: float = 1.0) -> str:
    if value is None:
        return "-"
    scaled = value / unit
    return number(scaled, 0 if abs(scaled) >= 100 else 1)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:+.0f} %"


def _without_empty(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Without the columns that nobody fills; the first one stays."""
    filled = [index for index in range(len(heads)) if index == 0 or any(row[index] not in ("-", "") for row in rows)]
    return [heads[index] for index in filled], [[row[index] for index in filled] for row in rows]


def pairs_markdown(pairs: Sequence[PairedDifference]) -> str:
    """The tables of differences in Markdown, each below its title."""
    return "\n\n".join(f"{title}:\n\n{markdown(*table)}" for title, table in pair_tables(pairs))


def quality_markdown(curves: Iterable[Curve]) -> str:
    """The table of quality in Markdown."""
    return markdown(*_without_empty(*quality_table(curves)))


def cost_markdown(curves: Iterable[Curve]) -> str:
    """The table of cost in Markdown."""
    return markdown(*_without_empty(*cost_table(curves)))
