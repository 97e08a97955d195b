"""From probabilities over time to stretches that may be events."""

from collections.abc import Iterator, Sequence

import numpy as np

from auricle.classify.detection.settings import DetectionSettings
from auricle.data.events import SoundEvent

BASE = 0.1
"""Below this probability nothing can begin or go on."""
TIMES_LONGEST = 3.0
"""An event lasts at most so many times as long as the longest of its class that was marked: what goes on for longer,
as a river does beside short rain, is a place and no event."""
_ROWS_AT_ONCE = 4096
"""Of the median filter, which copies its width for each."""


def candidates(
    probabilities: np.ndarray,
    novelty: np.ndarray,
    classes: Sequence[str],
    settings: DetectionSettings,
    *,
    any_length: bool = False,
) -> tuple[SoundEvent, ...]:
    """Every stretch in which a class is more than improbable, with the peak of its probability as the score.

    Probabilities are smoothed by a median filter, whose length each class has for itself. A stretch is what lies above
    a low limit without a longer pause; of it the event is what reaches a share of its own peak: a hysteresis whose
    lower limit follows each event, so that the extents do not depend on the threshold, which is chosen later.

    Args:
        probabilities: ``(n, classes)``, one row a cell.
        novelty: ``(n,)``, 1 where a hundredth of what was learned from is as unlike the rest.
        classes: names of the columns; those that the settings do not name are never events.
        settings: filters, limits and pauses.
        any_length: also those that last longer than `TIMES_LONGEST` times the longest that was marked.
    """
    events = [
        event
        for column, label in enumerate(classes)
        if label in settings.classes
        for event in _class_candidates(probabilities[:, column], novelty, label, settings)
        if any_length or event.seconds <= TIMES_LONGEST * settings.classes[label].longest
    ]
    return tuple(sorted(events, key=lambda event: (event.begin, event.end, event.label)))


def _class_candidates(
    probabilities: np.ndarray, novelty: np.ndarray, label: str, settings: DetectionSettings
) -> Iterator[SoundEvent]:
    smooth, hop = median_filter(probabilities, settings.classes[label].smoothing), settings.hop
    active = np.flatnonzero(smooth >= BASE)
    cuts = np.flatnonzero((np.diff(active) - 1) * hop > settings.gap) + 1
    for run in np.split(active, cuts) if len(active) else ():
        peak = smooth[run].max()
        inside = run[smooth[run] >= settings.extent * peak]
        first, last = int(inside[0]), int(inside[-1]) + 1
        yield SoundEvent(first * hop, last * hop, label, float(peak), float(np.median(novelty[first:last])))


def median_filter(values: np.ndarray, width: int) -> np.ndarray:
    """Median of ``width`` values around each of ``(n,)``; beyond the ends the first and the last go on."""
    padded = np.pad(values, (width // 2, (width - 1) // 2), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    starts = range(0, len(windows), _ROWS_AT_ONCE)
    return np.concatenate([np.median(windows[first : first + _ROWS_AT_ONCE], axis=-1) for first in starts])
