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

    Where no threshold reaches that, it lies above all that is wrong, and at 0.5 at least: a class that can't be told
    there reports little rather than much.
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
    last = np.flatnonzero(np.append(np.diff(score) < 0, True)) if len(score) else np.zeros(0, int)  # equals together
    reached = last[np.cumsum(hit)[last] >= precision * (last + 1)]
    if not len(reached):
        wrong = float(score[~hit].max(initial=0.0))
        return {"threshold": min(1.0, max(_DEFAULT, wrong + _MARGIN)), "events": events, "detections": 0, "hits": 0}
    place = int(reached[-1])
    below = float(score[place + 1]) if place + 1 < len(score) else 0.0
    counts = {"events": events, "detections": place + 1, "hits": int(hit[: place + 1].sum())}
    return {"threshold": (float(score[place]) + below) / 2, **counts}
