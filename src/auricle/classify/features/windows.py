"""Features of windows that overlap: activations are computed once, and each window is pooled from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from auricle.audio import HeldAudio
from auricle.classify.features.base import Extractor, resampled_blocks, stored_features

_CHUNK_SECONDS = 30.0
_CONTEXT_SECONDS = 0.5  # before a chunk: what the encoder remembers


@final
@dataclass(frozen=True)
class WindowGrid:
    """Where the windows of a recording lie: one around the middle of each cell, and the cells tile the recording.

    Attributes:
        seconds: length of a window.
        hop_seconds: length of a cell.
    """

    seconds: float
    hop_seconds: float

    def cells(self, seconds: float) -> int:
        """How many cells a recording of this length has."""
        return max(1, round(seconds / self.hop_seconds))

    def centres(self, count: int) -> np.ndarray:
        """Seconds ``(n,)`` of the middles of the first cells."""
        return (np.arange(count) + 0.5) * self.hop_seconds


class PlacedWindows(NamedTuple):
    """Features ``(n, d)`` of windows, and the second at which each begins, float32 ``(n,)``."""

    values: np.ndarray
    begins: np.ndarray


def window_features(source: Path | HeldAudio, extractor: Extractor, grid: WindowGrid) -> Iterator[np.ndarray]:
    """Features ``(n, d)`` of the windows of a file; see `placed_windows`."""
    return (windows.values for windows in placed_windows(source, extractor, grid))


def placed_windows(source: Path | HeldAudio, extractor: Extractor, grid: WindowGrid) -> Iterator[PlacedWindows]:
    """The windows of a file, some 30 s of cells at a time, with flat memory.

    At the ends of the recording windows are moved inside.

    Raises:
        AudioError: the file can't be read.
    """
    rate = extractor.sample_rate
    length, hop = max(1, round(grid.seconds * rate)), grid.hop_seconds * rate
    context = round(_CONTEXT_SECONDS * rate)
    chunk = max(1, round(_CHUNK_SECONDS / grid.hop_seconds))
    buffer, first, cell = np.zeros(0, np.float32), 0, 0
    for block in resampled_blocks(source, rate):
        buffer = np.concatenate((buffer, block))
        while first + len(buffer) >= (end := _start(cell + chunk - 1, hop, length) + length):
            starts = [_start(number, hop, length) - first for number in range(cell, cell + chunk)]
            values = stored_features(extractor.of_equal_windows(buffer[: end - first], starts, length))
            yield PlacedWindows(values, _begins(grid, cell, chunk))
            cell += chunk
            drop = max(0, _start(cell, hop, length) - context - first)
            buffer, first = buffer[drop:], first + drop
    total = first + len(buffer)
    last = max(1, round(total / hop)) if total else 0
    if last > cell:
        shorter = min(length, len(buffer))
        starts = [min(_start(number, hop, length) - first, len(buffer) - shorter) for number in range(cell, last)]
        begins = np.minimum(_begins(grid, cell, last - cell), np.float32(max(0.0, total / rate - grid.seconds)))
        yield PlacedWindows(stored_features(extractor.of_equal_windows(buffer, starts, shorter)), begins)


def _begins(grid: WindowGrid, cell: int, count: int) -> np.ndarray:
    """Seconds ``(n,)`` at which the windows of cells begin, where the recording does not end before they do."""
    middles = (np.arange(cell, cell + count) + 0.5) * grid.hop_seconds
    return np.maximum(0, middles - grid.seconds / 2).astype(np.float32)


def _start(cell: int, hop: float, length: int) -> int:
    """First sample of the window of a cell."""
    return max(0, round((cell + 0.5) * hop - length / 2))
