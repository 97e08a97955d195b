"""Codecs against a named peer, file by file: differences of scores, with intervals over speakers or pieces."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.metrics import METRICS
from auricle.bench.scoring.results import Curve, Estimate, FileResult, PairedDifference, Point
from auricle.errors import DataError


def paired_differences(
    curves: Sequence[Curve], results: Sequence[FileResult], groups: Mapping[str, str], *, seed: int
) -> tuple[PairedDifference, ...]:
    """The first codec at each of its settings, less each other codec at the setting nearest in real bitrate.

    Args:
        curves: all codecs.
        results: of all codecs, settings and files.
        groups: by file, what it belongs to (a speaker, a piece); a file that is missing stands by itself.
        seed: decides the draws.
    """
    scores = {(result.codec, result.setting, result.file): result for result in results}
    pairs = []
    for own in _stored(curves[0]):
        for peer in curves[1:]:
            points = _stored(peer)
            if points:
                nearest = min(points, key=lambda point, own=own: abs(math.log(_kbps(point) / _kbps(own))))
                sides = (curves[0].codec, own.setting), (peer.codec, nearest.setting)
                shared = _shared_files(results, scores, *sides)
                pairs.append(_difference((curves[0].codec, own), (peer.codec, nearest), shared, groups, seed))
    return tuple(pairs)


def file_groups(names: Sequence[str], groups: str | None) -> dict[str, str]:
    """What each file belongs to: what a regular expression's first pair of parentheses holds, or all it matches.

    Raises:
        DataError: it finds nothing in a name.
    """
    if groups is None:
        return {}
    pattern = re.compile(groups)
    belongs: dict[str, str] = {}
    for name in names:
        match = pattern.search(name)
        group = match and match.group(1 if pattern.groups else 0)
        if not group:
            raise DataError(f"the groups {groups!r} find nothing in {name}: write an expression that fits every name")
        belongs[name] = group
    return belongs


FilePair = tuple[FileResult, FileResult]


def _stored(curve: Curve) -> list[Point]:
    return [point for point in curve.points if point.files and point.kbps is not None and point.kbps.mean > 0]


def _kbps(point: Point) -> float:
    return point.kbps.mean if point.kbps is not None else math.nan


def _shared_files(
    results: Sequence[FileResult],
    scores: Mapping[tuple[str, str, str], FileResult],
    own: tuple[str, str],
    peer: tuple[str, str],
) -> list[FilePair]:
    """Both results of each file that both codecs brought back."""
    ours = [result for result in results if (result.codec, result.setting) == own and result.scores]
    pairs = [(result, scores.get((*peer, result.file))) for result in ours]
    return [(first, second) for first, second in pairs if second is not None and second.scores]


def _difference(
    own: tuple[str, Point],
    peer: tuple[str, Point],
    shared: Sequence[FilePair],
    groups: Mapping[str, str],
    seed: int,
) -> PairedDifference:
    estimates = {name: _estimate(name, shared, groups, seed) for name in METRICS}
    return PairedDifference(
        own[0],
        own[1].setting,
        _kbps(own[1]),
        peer[0],
        peer[1].setting,
        _kbps(peer[1]),
        len(shared),
        len({groups.get(first.file, first.file) for first, _ in shared}),
        {name: estimate for name, estimate in estimates.items() if estimate is not None},
    )


def _estimate(name: str, shared: Sequence[FilePair], groups: Mapping[str, str], seed: int) -> Estimate | None:
    """Mean difference over files, each with its weight; whole groups are drawn."""
    sums: dict[str, float] = defaultdict(float)
    weights: dict[str, float] = defaultdict(float)
    for first, second in shared:
        if name in first.scores and name in second.scores:
            group = groups.get(first.file, first.file)
            weight = first.weights.get(name, 1.0)
            sums[group] += weight * (first.scores[name] - second.scores[name])
            weights[group] += weight
    return bootstrap(list(sums.values()), list(weights.values()), seed=seed)
