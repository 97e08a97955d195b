"""Windows of labelled recordings: what is learned from, and what thresholds are chosen on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from auricle.classify.features.base import Extractor
from auricle.classify.features.windows import WindowGrid, window_features
from auricle.data.event_labels import NOTHING
from auricle.data.events import Recording
from auricle.errors import AudioError, DataError
from auricle.progress import OnProgress, Progress

_EDGE = 0.1
"""Of a window: so near to a begin or an end nothing is learned, because people mark them so exactly at best."""
PARTS = 3
"""Of each recording, or of all, where thresholds are chosen on what was left out."""


@final
@dataclass(frozen=True)
class RecordingWindows:
    """All windows of one recording.

    Attributes:
        recording: with what is really in it.
        values: features ``(n, d)``, float16.
        labels: of each cell ``(n,)``; `NOTHING` where nothing is marked.
        usable: whether a cell is to be learned from: not at an edge.
        blocks: the part of the cross-validation that each cell belongs to ``(n,)``.
        augmented: whether it was mixed, so that nothing is to be judged by it.
    """

    recording: Recording
    values: np.ndarray
    labels: np.ndarray
    usable: np.ndarray
    blocks: np.ndarray
    augmented: bool = False


def labelled_windows(
    recordings: Sequence[Recording],
    extractor: Extractor,
    grid: WindowGrid,
    on_progress: OnProgress,
    on_note: Callable[[str], None],
    parts: Sequence[int] | None = None,
) -> tuple[RecordingWindows, ...]:
    """The windows of recordings; those that do not decode are told of and left out.

    With as many recordings as parts, or more, each belongs to a part; fewer are cut into parts of equal length. Where
    ``parts`` states the part of each recording, they are augmented ones.

    Raises:
        DataError: none decodes.
    """
    windows: list[RecordingWindows] = []
    for number, recording in enumerate(recordings):
        try:
            values = [block.astype(np.float16) for block in window_features(recording.sound.source, extractor, grid)]
        except AudioError as error:
            on_note(f"left out: {error}")
            continue
        if values:
            labelled = _labelled(recording, np.concatenate(values), grid, number, len(recordings))
            if parts is not None:
                blocks = np.full(len(labelled.values), parts[number])
                labelled = replace(labelled, blocks=blocks, augmented=True)
            windows.append(labelled)
        on_progress(Progress("listening", number + 1, len(recordings), "recordings"))
    if not windows:
        raise DataError(f"none of {len(recordings)} recordings can be decoded: replace them")
    return tuple(windows)


def _labelled(recording: Recording, values: np.ndarray, grid: WindowGrid, number: int, total: int) -> RecordingWindows:
    centres = grid.centres(len(values))
    labels = np.full(len(values), NOTHING, dtype=object)
    usable = np.ones(len(values), bool)
    for event in recording.events:
        first, last = np.searchsorted(centres, (event.begin, event.end))
        middle = min(len(values) - 1, int((event.begin + event.end) / 2 / grid.hop_seconds))
        labels[first:last] = event.label
        labels[middle] = event.label
        for edge in (event.begin, event.end):
            usable &= np.abs(centres - edge) >= _EDGE * grid.seconds
    for event in recording.events:  # a short call has at least one window
        usable[min(len(values) - 1, int((event.begin + event.end) / 2 / grid.hop_seconds))] = True
    blocks = np.array([part_of(number, total, cell / len(values)) for cell in range(len(values))])
    return RecordingWindows(recording, values, labels, usable, blocks)


def part_of(number: int, total: int, share: float) -> int:
    """The part of the cross-validation that a moment of a recording belongs to.

    Args:
        number: of the recording.
        total: how many there are.
        share: of the recording's length that lies before the moment, below 1.
    """
    return number % PARTS if total >= PARTS else min(PARTS - 1, int(share * PARTS))
