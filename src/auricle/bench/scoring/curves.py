"""From results on clips to points and curves."""

from collections.abc import Mapping, Sequence

from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.metrics import METRICS
from auricle.bench.scoring.rate_search import Setting
from auricle.bench.scoring.results import Curve, FileResult, Point
from auricle.bench.scoring.scorer import ClipResult
from auricle.errors import MissingPackageError
from auricle.metrics import bd_rate

_REACH = 0.15


def summarise_point(text: str, setting: Setting, results: Sequence[ClipResult], *, seed: int) -> Point:
    """Sum up one codec at one setting."""
    scored = [result for result in results if result.scores is not None]
    stored = [result for result in scored if result.bytes is not None]
    bits = [(result.bytes or 0) * 8 / 1000 for result in stored]
    kbps = bootstrap(bits, [result.seconds for result in stored], seed=seed)
    scores = {}
    for name in METRICS:
        judged = [r.scores for r in scored if r.scores is not None and name in r.scores.values]
        weights = [scores_of_file.weights.get(name, 1.0) for scores_of_file in judged]
        values = [scores_of_file.values[name] for scores_of_file in judged]
        estimate = bootstrap([v * w for v, w in zip(values, weights, strict=True)], weights, seed=seed)
        if estimate is not None:
            scores[name] = estimate
    problems = list(_problems(results, scored))
    if kbps is not None and abs(kbps.mean / setting.target_kbps - 1) > _REACH:
        problems.insert(0, f"{setting.target_kbps:g} kb/s was asked for, real files have {kbps.mean:.2f}")
    return Point(text, kbps, scores, len(scored), _overhead(stored), tuple(problems))


def unreachable_point(setting: Setting) -> Point:
    """The row of a bitrate that a codec can't reach."""
    assert setting.kbps is not None
    problem = f"out of reach: the nearest on these files is {setting.kbps:.3g} kb/s"
    return Point(f"{setting.target_kbps:g} kb/s", None, {}, 0, None, (problem,))


def file_result(codec: str, setting: str, result: ClipResult) -> FileResult:
    """What a benchmark's result keeps of a clip's."""
    scores = result.scores
    problems = [result.problem] if result.problem else []
    problems += [] if scores is None else [scores.problems[name] for name in scores.problems]
    values = {} if scores is None else dict(scores.values)
    weights = {} if scores is None else dict(scores.weights)
    return FileResult(codec, setting, result.clip, result.bytes, values, "; ".join(problems), weights)


def bd_rates(anchor: Curve, tested: Curve) -> dict[str, float | None]:
    """BD-rate of one curve against another, by each metric that knows better from worse and judged both."""
    rates: dict[str, float | None] = {}
    for name, metric in METRICS.items():
        if metric.higher_is_better is None:
            continue
        sign = 1.0 if metric.higher_is_better else -1.0
        first, second = (_line(curve, name, sign) for curve in (anchor, tested))
        if first and second:
            try:
                rates[name] = bd_rate(first, second)
            except MissingPackageError:
                return {}
    return rates


def _line(curve: Curve, name: str, sign: float) -> list[tuple[float, float]]:
    return [
        (point.kbps.mean, sign * point.scores[name].mean)
        for point in curve.points
        if point.kbps is not None and name in point.scores
    ]


def _problems(results: Sequence[ClipResult], scored: Sequence[ClipResult]) -> list[str]:
    lines = []
    failures = [result.problem for result in results if result.scores is None]
    if failures:
        lines.append(f"{_files(len(failures), len(results))} did not come back: {failures[0]}")
    by_metric: Mapping[str, list[str]] = {
        name: [r.scores.problems[name] for r in scored if r.scores is not None and name in r.scores.problems]
        for name in METRICS
    }
    for name, reasons in by_metric.items():
        if reasons:
            files = _files(len(reasons), len(scored))
            lines.append(f"{METRICS[name].label} could not judge {files}: {reasons[0]}")
    return lines


def _files(some: int, all_of_them: int) -> str:
    return f"{some} of {all_of_them} file{'s' if all_of_them > 1 else ''}"


def _overhead(stored: Sequence[ClipResult]) -> float | None:
    sizes = [(r.payload, r.bytes) for r in stored if r.payload is not None and r.bytes]
    total = sum(size for _, size in sizes)
    return 1 - sum(payload for payload, _ in sizes) / total if total else None
