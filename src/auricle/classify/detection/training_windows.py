"""Windows of labelled recordings: what is learned from, and what thresholds are chosen on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from auricle.classify.features.base import Extractor
from auricle.classify.features.windows import WindowGrid, window_features
from auricle.classify.label_checks import DOCTOR
from auricle.data.event_labels import NOTHING
from auricle.data.events import Recording, SoundEvent
from auricle.data.scan import Rejected
from auricle.errors import AudioError, DataError
from auricle.printable import none_usable, rejected_lines
from auricle.progress import OnProgress, Progress

_EDGE = 0.1
"""Of a window: so near to a begin or an end nothing is learned, because people mark them so exactly at best."""
_FEWEST_OF_NOTHING = 1000
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
    rejected: list[Rejected] = []
    for number, recording in enumerate(recordings):
        try:
            values = [block.astype(np.float16) for block in window_features(recording.sound.source, extractor, grid)]
        except AudioError as error:
            rejected.append(Rejected(recording.sound.path, str(error)))
            continue
        if values:
            labelled = _labelled(recording, np.concatenate(values), grid, number, len(recordings))
            if parts is not None:
                blocks = np.full(len(labelled.values), parts[number])
                labelled = replace(labelled, blocks=blocks, augmented=True)
            windows.append(labelled)
        on_progress(Progress("listening", number + 1, len(recordings), "recordings"))
    if not windows:
        raise DataError(none_usable([file.reason for file in rejected], "recording"))
    for line in rejected_lines(rejected, "recording", lister=DOCTOR):
        on_note(line)
    return tuple(windows)


def _labelled(recording: Recording, values: np.ndarray, grid: WindowGrid, number: int, total: int) -> RecordingWindows:
    centres = grid.centres(len(values))
    labels = np.full(len(values), NOTHING, dtype=object)
    usable = np.ones(len(values), bool)
    for event in recording.events:
        first, last = np.searchsorted(centres, (event.begin, event.end))
        labels[first:last] = event.label
        labels[middle_cell(event, len(values), grid.hop_seconds)] = event.label
        for edge in (event.begin, event.end):
            usable &= np.abs(centres - edge) >= _EDGE * grid.seconds
    for event in recording.events:  # a short call has at least one window
        usable[middle_cell(event, len(values), grid.hop_seconds)] = True
    blocks = np.array([part_of(number, total, cell / len(values)) for cell in range(len(values))])
    return RecordingWindows(recording, values, labels, usable, blocks)


def middle_cell(event: SoundEvent, cells: int, hop_seconds: float) -> int:
    """The cell in which the middle of an event lies."""
    return min(cells - 1, int((event.begin + event.end) / 2 / hop_seconds))


def sampled_places(
    places: Sequence[tuple[int, int]],
    label_of: Callable[[int, int], str],
    seed: int,
    *,
    nothing_share: int,
    most_events: int | None = None,
) -> list[tuple[int, int]]:
    """What to learn from, in order: the events, and some of the many places where there is nothing.

    Args:
        places: numbers of recordings, and of rows in them.
        label_of: what is there.
        seed: decides which are taken.
        nothing_share: places of nothing for each event; a thousand at least.
        most_events: how many events are taken; None for all.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    shuffled = [places[index] for index in random.permutation(len(places))]
    events = [place for place in shuffled if label_of(*place) != NOTHING][:most_events]
    nothing = [place for place in shuffled if label_of(*place) == NOTHING]
    return sorted(events + nothing[: max(_FEWEST_OF_NOTHING, nothing_share * len(events))])


def part_of(number: int, total: int, share: float) -> int:
    """The part of the cross-validation that a moment of a recording belongs to.

    Args:
        number: of the recording.
        total: how many there are.
        share: of the recording's length that lies before the moment, below 1.
    """
    return number % PARTS if total >= PARTS else min(PARTS - 1, int(share * PARTS))
