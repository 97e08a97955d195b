"""A threshold for each class, from recordings that nothing was learned from."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from auricle.classify.detection.matching import hits, shared_of_shorter
from auricle.classify.detection.settings import DetectedClass
from auricle.data.events import SoundEvent

_DEFAULT, _MARGIN = 0.5, 0.01


class Judged(NamedTuple):
    """Candidates of one recording, and what is really in it."""

    candidates: tuple[SoundEvent, ...]
    truth: tuple[SoundEvent, ...]


def class_thresholds(
    recordings: Sequence[Judged], classes: Mapping[str, DetectedClass], precision: float
) -> dict[str, DetectedClass]:
    """The lowest threshold of each class at which so many of its detections are right.

    Where no threshold reaches that, the one with the largest share is taken; where nothing is right, one above all
    that is wrong, and 0.5 at least.
    """
    return {
        label: figures.model_copy(update=_class_threshold(recordings, label, precision))
        for label, figures in classes.items()
    }


def _class_threshold(recordings: Sequence[Judged], label: str, precision: float) -> dict[str, float | int]:
    scores, right, events = [], [], 0
    for recording in recordings:
        detections = [event for event in recording.candidates if event.label == label]
        truth = [event for event in recording.truth if event.label == label]
        scores.append(np.array([event.score or 0.0 for event in detections]))
        right.append(hits(detections, truth, shared_of_shorter))
        events += len(truth)
    score, hit = np.concatenate([*scores, np.zeros(0)]), np.concatenate([*right, np.zeros(0, bool)])
    order = np.argsort(-score, kind="stable")
    score, hit = score[order], hit[order]
    if not hit.any():
        threshold = max(_DEFAULT, float(score[0]) + _MARGIN if len(score) else _DEFAULT)
        return {"threshold": threshold, "events": events, "detections": 0, "hits": 0}
    last = np.flatnonzero(np.append(np.diff(score) < 0, True))  # equal scores pass together
    share = np.cumsum(hit)[last] / (last + 1)
    reached = np.flatnonzero(share >= precision)
    place = int(last[reached[-1]] if len(reached) else last[_best(share, np.cumsum(hit)[last])])
    below = float(score[place + 1]) if place + 1 < len(score) else 0.0
    counts = {"events": events, "detections": place + 1, "hits": int(hit[: place + 1].sum())}
    return {"threshold": (float(score[place]) + below) / 2, **counts}


def _best(share: np.ndarray, hit_count: np.ndarray) -> int:
    """The place of the largest share, of equal ones the last."""
    return int(np.lexsort((hit_count, share))[-1])
