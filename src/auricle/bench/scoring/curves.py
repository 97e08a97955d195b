"""From verdicts on files to points and curves."""

from collections.abc import Mapping, Sequence

from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.judge import Verdict
from auricle.bench.scoring.metrics import METRICS
from auricle.bench.scoring.rate_search import Setting
from auricle.bench.scoring.results import Curve, FileVerdict, Point
from auricle.metrics import MetricUnavailable, bd_rate

_REACH = 0.15


def point(text: str, setting: Setting, verdicts: Sequence[Verdict], *, seed: int) -> Point:
    """Sum up one codec at one setting."""
    good = [verdict for verdict in verdicts if verdict.scores is not None]
    stored = [verdict for verdict in good if verdict.bytes is not None]
    kbps = bootstrap([(v.bytes or 0) * 8 / 1000 for v in stored], [v.seconds for v in stored], seed=seed)
    scores = {}
    for name in METRICS:
        values = [v.scores.values[name] for v in good if v.scores is not None and name in v.scores.values]
        estimate = bootstrap(values, seed=seed)
        if estimate is not None:
            scores[name] = estimate
    problems = list(_troubles(verdicts, good))
    if kbps is not None and abs(kbps.mean / setting.asked - 1) > _REACH:
        problems.insert(0, f"{setting.asked:g} kb/s was asked for, real files have {kbps.mean:.2f}")
    return Point(text, kbps, scores, len(good), _overhead(stored), tuple(problems))


def unreached(setting: Setting) -> Point:
    """The row of a bitrate that a codec can't reach."""
    assert setting.reached is not None
    problem = f"out of reach: the nearest on these files is {setting.reached:.3g} kb/s"
    return Point(f"{setting.asked:g} kb/s", None, {}, 0, None, (problem,))


def file_verdict(codec: str, setting: str, verdict: Verdict) -> FileVerdict:
    """What a result keeps of a verdict."""
    scores = verdict.scores
    problems = [verdict.problem] if verdict.problem else []
    problems += [] if scores is None else [scores.problems[name] for name in scores.problems]
    values = {} if scores is None else dict(scores.values)
    return FileVerdict(codec, setting, verdict.clip, verdict.bytes, values, "; ".join(problems))


def savings(anchor: Curve, tested: Curve) -> dict[str, float | None]:
    """BD-rate of one curve against another, by each metric that knows better from worse and judged both."""
    found: dict[str, float | None] = {}
    for name, metric in METRICS.items():
        if metric.higher_is_better is None:
            continue
        sign = 1.0 if metric.higher_is_better else -1.0
        first, second = (_line(curve, name, sign) for curve in (anchor, tested))
        if first and second:
            try:
                found[name] = bd_rate(first, second)
            except MetricUnavailable:
                return {}
    return found


def _line(curve: Curve, name: str, sign: float) -> list[tuple[float, float]]:
    return [
        (point.kbps.mean, sign * point.scores[name].mean)
        for point in curve.points
        if point.kbps is not None and name in point.scores
    ]


def _troubles(verdicts: Sequence[Verdict], good: Sequence[Verdict]) -> list[str]:
    lines = []
    lost = [verdict.problem for verdict in verdicts if verdict.scores is None]
    if lost:
        lines.append(f"{_files(len(lost), len(verdicts))} did not come back: {lost[0]}")
    by_metric: Mapping[str, list[str]] = {
        name: [v.scores.problems[name] for v in good if v.scores is not None and name in v.scores.problems]
        for name in METRICS
    }
    for name, reasons in by_metric.items():
        if reasons:
            judged = _files(len(reasons), len(good))
            lines.append(f"{METRICS[name].label} could not judge {judged}: {reasons[0]}")
    return lines


def _files(some: int, all_of_them: int) -> str:
    return f"{some} of {all_of_them} file{'s' if all_of_them > 1 else ''}"


def _overhead(stored: Sequence[Verdict]) -> float | None:
    known = [(v.payload, v.bytes) for v in stored if v.payload is not None and v.bytes]
    total = sum(size for _, size in known)
    return 1 - sum(payload for payload, _ in known) / total if total else None
