"""Which detections are right."""

from collections.abc import Callable, Sequence

import numpy as np

from auricle.data.events import SoundEvent

EventSimilarity = Callable[[SoundEvent, SoundEvent], float]
"""Of two stretches: 0 where they share nothing, 1 where they are the same."""


def shared_of_shorter(one: SoundEvent, other: SoundEvent) -> float:
    """Length of the common stretch as a share of the shorter of both."""
    common = min(one.end, other.end) - max(one.begin, other.begin)
    return max(0.0, common) / max(1e-9, min(one.seconds, other.seconds))


def hits(
    detections: Sequence[SoundEvent], truth: Sequence[SoundEvent], similarity: EventSimilarity = SoundEvent.overlap
) -> np.ndarray:
    """Whether each detection is right, bool ``(n,)``: it has an event of its class that is at least half alike, and
    each event justifies one detection only, that with the highest score first.

    Args:
        detections: of one recording.
        truth: the events of the same recording.
        similarity: by default intersection over union, as event-based F1 with 50 % overlap has it.
    """
    free = list(truth)
    right = np.zeros(len(detections), bool)
    for number in sorted(range(len(detections)), key=lambda place: -(detections[place].score or 0.0)):
        detection = detections[number]
        fitting = [event for event in free if event.label == detection.label and similarity(detection, event) >= 0.5]
        if fitting:
            free.remove(max(fitting, key=lambda event: similarity(detection, event)))
            right[number] = True
    return right
