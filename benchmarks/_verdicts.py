"""Auricle beside a peer at equal bitrate: better, worse or alike, from the figures of a result."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from auricle.bench.scoring.metrics import METRICS, Metric

_HEADS = {"PESQ-WB": "pesq", "STOI": "stoi", "mel": "mel", "SI-SDR dB": "si_sdr"}
"""Columns of results that are tables, with the metric's name."""
_HARDLY = 0.03
_INTERVAL = re.compile(r"(-?[\d.]+) \((-?[\d.]+)-(-?[\d.]+)\)")


@dataclass(frozen=True)
class Score:
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Place:
    """One codec at one setting."""

    codec: str
    setting: str
    kbps: float
    scores: Mapping[str, Score]


def verdicts(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row for each of Auricle's settings and each peer; none where a result has no bitrates to compare at.

    A peer's score at Auricle's bitrate lies on the straight line between its neighbours over the logarithm of the
    bitrate; a bitrate that is hardly outside of its settings counts as the outermost.
    """
    places = list(_places(record))
    own_codecs = _ours(record)
    peers = dict.fromkeys(place.codec for place in places if place.codec not in own_codecs)
    return [
        _row(point, peer, [place for place in places if place.codec == peer])
        for point in places
        if point.codec in own_codecs
        for peer in peers
    ]


def counted(rows: Sequence[Mapping[str, str]]) -> str:
    """Such as ``better 5, worse 3, alike 2``, over all settings, peers and metrics."""
    words = [cell.split(":")[0] for row in rows for cell in row.values()]
    return ", ".join(f"{word} {words.count(word)}" for word in ("better", "worse", "alike"))


def _ours(record: Mapping[str, Any]) -> set[str]:
    settings = record.get("result", record).get("settings", {})
    return {*settings.get("models", ()), *([settings["model"]] if "model" in settings else ())}


def _places(record: Mapping[str, Any]) -> Iterator[Place]:
    for curve in record.get("result", {}).get("curves", ()):
        for point in curve["points"]:
            if point["kbps"]:
                scores = {name: Score(**value) for name, value in point["scores"].items()}
                yield Place(curve["codec"], point["setting"], point["kbps"]["mean"], scores)
    for row in record.get("rows", ()):
        if "codec" in row and row.get("real kb/s"):
            matches = {name: _INTERVAL.fullmatch(row.get(head) or "") for head, name in _HEADS.items()}
            scores = {name: Score(*map(float, match.groups())) for name, match in matches.items() if match}
            yield Place(row["codec"], row["setting"], float(row["real kb/s"]), scores)


def _row(point: Place, peer: str, places: Sequence[Place]) -> dict[str, str]:
    row = {"Auricle": f"{point.codec}, {point.setting}", "real kb/s": f"{point.kbps:.2f}", "beside": peer}
    for metric in METRICS.values():
        if metric.name in point.scores and metric.higher_is_better is not None:
            row[metric.label] = _cell(point, metric, [place for place in places if metric.name in place.scores])
    return row


def _cell(point: Place, metric: Metric, places: Sequence[Place]) -> str:
    score, name, digits = point.scores[metric.name], metric.name, metric.digits
    if not places:
        return "not judged"
    peer = _at(point.kbps, name, places)
    if peer is None:
        nearest = min(places, key=lambda place: abs(math.log(place.kbps / point.kbps)))
        text = f"{nearest.scores[name].mean:.{digits}f} at {nearest.kbps:.2f} kb/s"
        return f"no such bitrate: {score.mean:.{digits}f} / {text}"
    apart = score.low > peer.high or score.high < peer.low
    word = ("better" if (score.mean > peer.mean) == metric.higher_is_better else "worse") if apart else "alike"
    return f"{word}: {score.mean:.{digits}f} / {peer.mean:.{digits}f}"


def _at(kbps: float, name: str, places: Sequence[Place]) -> Score | None:
    """A peer's score at a bitrate, None outside of its bitrates."""
    ascending = sorted(places, key=lambda place: place.kbps)
    for end in (ascending[0], ascending[-1]):
        if abs(math.log(kbps / end.kbps)) < _HARDLY:
            return end.scores[name]
    for low, high in pairwise(ascending):
        if low.kbps <= kbps <= high.kbps:
            share = math.log(kbps / low.kbps) / math.log(high.kbps / low.kbps) if high.kbps > low.kbps else 0.0
            return _between(low.scores[name], high.scores[name], share)
    return None


def _between(first: Score, last: Score, share: float) -> Score:
    pairs = ((first.mean, last.mean), (first.low, last.low), (first.high, last.high))
    return Score(*(before + share * (after - before) for before, after in pairs))
