"""A threshold for each class, from recordings that nothing was learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from auricle.classify.detection.candidates import BASE
from auricle.classify.detection.matching import hits, shared_of_shorter
from auricle.classify.detection.settings import DetectedClass, highest_count
from auricle.data.events import SoundEvent

_BORROWED = 4.0
"""Detections of all classes that count beside those of a class: so few of its own say little."""
_TAIL, _TAIL_SHARE = 12, 3
"""Wrong detections of a class, those with the highest scores, from which the frequency of higher ones is estimated: so
many, and at most one of three."""
_FARTHEST = 3.0
"""Mean excesses above the highest wrong score beyond which no threshold goes where an hour or more was held out; less
where it was less: a few minutes say nothing of an hour."""
_SURE = 1e-4
_MARGIN = 0.01


class Judged(NamedTuple):
    """Candidates of one recording, what is really in it, and its length in seconds."""

    candidates: tuple[SoundEvent, ...]
    truth: tuple[SoundEvent, ...]
    seconds: float


@final
@dataclass(frozen=True)
class ThresholdTargets:
    """What thresholds are chosen for.

    Attributes:
        precision: share of right detections.
        false_alarms: wrong detections an hour, of all classes together.
    """

    precision: float
    false_alarms: float


class _Scored(NamedTuple):
    """Scores of a class's candidates, the highest first, and which are right."""

    scores: np.ndarray
    right: np.ndarray
    events: int


def class_thresholds(
    recordings: Sequence[Judged], classes: Mapping[str, DetectedClass], targets: ThresholdTargets
) -> dict[str, DetectedClass]:
    """The lowest threshold of each class at which so many of its detections are right, and so few false alarms an hour
    are expected, as are wanted.

    A class with few detections borrows from all classes what share is right at a score. Scores above the highest wrong
    ones are expected to become rarer exponentially, in log-odds (peaks over a threshold). Few wrong scores of a class
    are near its threshold, and another place may have others, so it is moved half of the way, in log-odds, to the
    threshold at which all classes together are as rarely wrong as is wanted, if they all had the same. Where no
    threshold reaches the precision, it is the one that comes nearest; where not even half of it is reached, nothing is
    reported.

    Where so little was held out that the false alarms counted there allow more than are wanted, by the upper end of
    their 95 % interval, it goes up to where they do not, but no further than to the middle, in log-odds, between the
    lowest right score that it lets through and the next wrong one below: with a minute of sound this gap is wide, and
    its lower end says least about what an hour brings.
    """
    scored = {label: _scored(recordings, label) for label in classes}
    everything = _joined(list(scored.values()))
    spread = _mean_excess(everything, 1.0, 0.0)
    hours = sum(recording.seconds for recording in recordings) / 3600
    allowed = targets.false_alarms * hours / max(1, len(classes))
    common = _threshold(everything, everything, targets.precision, targets.false_alarms * hours, spread, hours)
    thresholds = {}
    for label, figures in classes.items():
        own = scored[label]
        threshold = _between(_threshold(own, everything, targets.precision, allowed, spread, hours), common)
        threshold = max(threshold, _precise(own, everything, targets.precision))
        above = own.scores >= threshold
        counts = {"events": own.events, "detections": int(above.sum()), "hits": int(own.right[above].sum())}
        thresholds[label] = figures.model_copy(update={"threshold": threshold, **counts})
    return thresholds


def _threshold(
    own: _Scored, everything: _Scored, precision: float, allowed: float, spread: float, hours: float
) -> float:
    """The lowest score at which detections are precise and rare enough, and far enough above what little was wrong."""
    threshold = max(_precise(own, everything, precision), _rare(own, allowed, spread, hours))
    return max(threshold, min(_certain(own, allowed), _middle(own, threshold)))


def _scored(recordings: Sequence[Judged], label: str) -> _Scored:
    scores, right, events = [np.zeros(0)], [np.zeros(0, bool)], 0
    for recording in recordings:
        detections = [event for event in recording.candidates if event.label == label]
        truth = [event for event in recording.truth if event.label == label]
        scores.append(np.array([event.score or 0.0 for event in detections]))
        right.append(hits(detections, truth, shared_of_shorter))
        events += len(truth)
    return _ordered(np.concatenate(scores), np.concatenate(right), events)


def _joined(parts: Sequence[_Scored]) -> _Scored:
    scores = np.concatenate([np.zeros(0), *(part.scores for part in parts)])
    right = np.concatenate([np.zeros(0, bool), *(part.right for part in parts)])
    return _ordered(scores, right, sum(part.events for part in parts))


def _ordered(scores: np.ndarray, right: np.ndarray, events: int) -> _Scored:
    order = np.argsort(-scores, kind="stable")
    return _Scored(scores[order], right[order], events)


def _precise(own: _Scored, everything: _Scored, precision: float) -> float:
    """The lowest score at which the share of right detections is the wanted one, or comes nearest to it."""
    if not len(own.scores):
        return 1.0
    last = np.flatnonzero(np.append(np.diff(own.scores) < 0, True))  # equals together
    scores, hit = own.scores[last], np.cumsum(own.right)[last]
    places = np.searchsorted(-everything.scores, -scores, side="right")
    of_all = np.cumsum(everything.right)[places - 1] / places
    shares = (hit + _BORROWED * of_all) / (last + 1 + _BORROWED)
    reached = np.flatnonzero(shares >= precision)
    if shares.max() < precision / 2:
        return min(1.0, float(scores[0]) + _MARGIN)
    place = int(reached[-1]) if len(reached) else int(len(shares) - 1 - np.argmax(shares[::-1]))
    below = float(scores[place + 1]) if place + 1 < len(scores) else 0.0
    return (float(scores[place]) + below) / 2 if len(reached) else float(scores[place])


def _rare(own: _Scored, allowed: float, spread: float, hours: float) -> float:
    """The score above which so many wrong detections are expected in all that was held out."""
    every_wrong = own.scores[~own.right]
    if allowed >= len(every_wrong):
        return 0.0
    wrong = _tail(own)
    base, count = float(wrong[-1]), max(1, len(wrong) - 1)
    if allowed >= count:
        return float(every_wrong[int(allowed)])
    excess = _mean_excess(own, spread, _BORROWED)
    farthest = float(wrong[0]) + _FARTHEST * min(1.0, hours) * excess
    odds = min(base + excess * np.log(count / max(allowed, 1e-9)), farthest)
    return float(1 / (1 + np.exp(-odds)))


def _certain(own: _Scored, allowed: float) -> float:
    """The score above which the wrong detections are few enough to say that no more than allowed are to be expected; 1
    where even none would say too little."""
    wrong = np.append(own.scores[~own.right], 0.0)
    counts = [count for count in range(len(wrong)) if highest_count(count) <= allowed]
    return float(np.nextafter(wrong[counts[-1]], 1.0)) if counts else 1.0


def _middle(own: _Scored, threshold: float) -> float:
    """The middle, in log-odds, between the lowest right score that reaches a threshold and the next lower wrong one, or
    where there is none, the least probability from which an event begins; 0 where nothing right reaches it."""
    right = own.scores[own.right & (own.scores >= threshold)]
    if not len(right):
        return 0.0
    lower = own.scores[~own.right & (own.scores < right[-1])]
    return _between(float(right[-1]), float(lower[0]) if len(lower) else min(BASE, float(right[-1])))


def _between(one: float, other: float) -> float:
    """The middle of two scores, in log-odds."""
    return float(1 / (1 + np.exp(-_log_odds(np.array([one, other])).mean())))


def _mean_excess(own: _Scored, spread: float, borrowed: float) -> float:
    """How far, on average, the highest wrong scores lie above the lowest of them, in log-odds."""
    wrong = _tail(own)
    if len(wrong) < 2:
        return spread
    excess = float((wrong[:-1] - wrong[-1]).sum())
    return max(0.1, (excess + borrowed * spread) / (len(wrong) - 1 + borrowed))


def _tail(own: _Scored) -> np.ndarray:
    """Log-odds of the highest wrong scores, and of the one below them."""
    wrong = own.scores[~own.right]
    return _log_odds(wrong[: min(_TAIL, -(-len(wrong) // _TAIL_SHARE)) + 1])


def _log_odds(scores: np.ndarray) -> np.ndarray:
    clipped = np.clip(scores, _SURE, 1 - _SURE)
    return np.log(clipped / (1 - clipped))
