"""A threshold for each class, from recordings that nothing was learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from auricle.classify.detection.candidates import BASE
from auricle.classify.detection.matching import hits, shared_of_shorter
from auricle.classify.detection.settings import DetectedClass, highest_count
from auricle.data.event_labels import NOTHING
from auricle.data.events import SoundEvent

_BORROWED = 4.0
"""Detections of all classes that count beside those of a class: so few of its own say little."""
_TAIL, _TAIL_SHARE = 12, 3
"""False alarms with the highest scores, from which the frequency of higher ones is estimated: so many, and at most one
of three."""
_FARTHEST = 3.0
"""Mean excesses above the highest score of a false alarm beyond which no threshold goes where an hour or more was held
out; less where it was less: a few minutes say nothing of an hour."""
_SURE = 1e-4
_MARGIN = 0.01


class JudgedRecording(NamedTuple):
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
        false_alarms: detections an hour where nothing is, of all classes together.
    """

    precision: float
    false_alarms: float


class _Scored(NamedTuple):
    """Scores of candidates ``(n,)``, the highest first; which of them are right, and which are where nothing is. Those
    that are neither take an event for one of another class.
    """

    scores: np.ndarray
    right: np.ndarray
    alarm: np.ndarray
    events: int


def class_thresholds(
    recordings: Sequence[JudgedRecording], classes: Mapping[str, DetectedClass], targets: ThresholdTargets
) -> dict[str, DetectedClass]:
    """The lowest threshold of each class at which so many of its detections are right as are wanted, and that lies no
    lower than the threshold of all classes together at which false alarms are as rare as is wanted.

    A detection where nothing is counts as a false alarm; one that takes an event for another class only costs
    precision. A class with few detections borrows from all classes what share is right at a score. Where no threshold
    reaches the precision, it is the one that comes nearest; where not even half of it is reached, nothing is reported.
    """
    scored = {label: _scored(recordings, label) for label in classes}
    everything = _joined(list(scored.values()))
    hours = sum(recording.seconds for recording in recordings) / 3600
    false_alarm_threshold = _false_alarm_threshold(everything, targets.false_alarms * hours, hours)
    thresholds = {}
    for label, figures in classes.items():
        own = scored[label]
        threshold = max(false_alarm_threshold, _precision_threshold(own, everything, targets.precision))
        above = own.scores >= threshold
        counts = {"detections": int(above.sum()), "hits": int(own.right[above].sum())}
        counts |= {"events": own.events, "false_alarms": int(own.alarm[above].sum())}
        thresholds[label] = figures.model_copy(update={"threshold": threshold, **counts})
    return thresholds


def _false_alarm_threshold(everything: _Scored, allowed: float, hours: float) -> float:
    """The lowest score above which no more false alarms are to be expected than are allowed, by the upper end of the
    95 % interval of those that were counted.

    Where so little was held out that even none would say too little, scores above the highest false alarms are expected
    to become rarer exponentially, in log-odds (peaks over a threshold); and with a minute of sound the gap between
    right scores and the next false alarm is wide and its lower end says least about what an hour brings, so that the
    threshold lies no lower than the middle of that gap, in log-odds.
    """
    alarms = everything.scores[everything.alarm]
    counts = [count for count in range(len(alarms) + 1) if highest_count(count) <= allowed]
    if counts:
        return float(np.nextafter(alarms[counts[-1]], 1.0)) if counts[-1] < len(alarms) else 0.0
    extrapolated = _extrapolated_threshold(alarms, allowed, hours)
    return max(extrapolated, _gap_middle(everything, extrapolated))


def _scored(recordings: Sequence[JudgedRecording], label: str) -> _Scored:
    scores, right, alarm, events = [np.zeros(0)], [np.zeros(0, bool)], [np.zeros(0, bool)], 0
    for recording in recordings:
        detections = [event for event in recording.candidates if event.label == label]
        marked = [event for event in recording.truth if event.label != NOTHING]
        truth = [event for event in marked if event.label == label]
        scores.append(np.array([event.score or 0.0 for event in detections]))
        right.append(hits(detections, truth, shared_of_shorter))
        alarm.append(np.array([not any(event.overlap(other) > 0 for other in marked) for event in detections], bool))
        events += len(truth)
    return _ordered(np.concatenate(scores), np.concatenate(right), np.concatenate(alarm), events)


def _joined(parts: Sequence[_Scored]) -> _Scored:
    scores = np.concatenate([np.zeros(0), *(part.scores for part in parts)])
    right = np.concatenate([np.zeros(0, bool), *(part.right for part in parts)])
    alarm = np.concatenate([np.zeros(0, bool), *(part.alarm for part in parts)])
    return _ordered(scores, right, alarm, sum(part.events for part in parts))


def _ordered(scores: np.ndarray, right: np.ndarray, alarm: np.ndarray, events: int) -> _Scored:
    order = np.argsort(-scores, kind="stable")
    return _Scored(scores[order], right[order], alarm[order], events)


def _precision_threshold(own: _Scored, everything: _Scored, precision: float) -> float:
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


def _extrapolated_threshold(alarms: np.ndarray, allowed: float, hours: float) -> float:
    """The score above which so many false alarms are expected in all that was held out, of scores ``(n,)`` of false
    alarms, the highest first.
    """
    if allowed >= len(alarms):
        return 0.0
    tail = _log_odds(alarms[: min(_TAIL, -(-len(alarms) // _TAIL_SHARE)) + 1])
    base, count = float(tail[-1]), max(1, len(tail) - 1)
    if allowed >= count:
        return float(alarms[int(allowed)])
    excess = max(0.1, float((tail[:-1] - base).sum()) / count) if len(tail) > 1 else 1.0
    farthest = float(tail[0]) + _FARTHEST * min(1.0, hours) * excess
    odds = min(base + excess * np.log(count / max(allowed, 1e-9)), farthest)
    return float(1 / (1 + np.exp(-odds)))


def _gap_middle(everything: _Scored, threshold: float) -> float:
    """The middle, in log-odds, between the lowest right score that reaches a threshold and the next false alarm below,
    or where there is none, the least probability from which an event begins; 0 where nothing right reaches it."""
    right = everything.scores[everything.right & (everything.scores >= threshold)]
    if not len(right):
        return 0.0
    below = everything.scores[everything.alarm & (everything.scores < right[-1])]
    ends = [float(right[-1]), float(below[0]) if len(below) else min(BASE, float(right[-1]))]
    return float(1 / (1 + np.exp(-_log_odds(np.array(ends)).mean())))


def _log_odds(scores: np.ndarray) -> np.ndarray:
    clipped = np.clip(scores, _SURE, 1 - _SURE)
    return np.log(clipped / (1 - clipped))
