"""Features of whole stretches of a recording, pooled from those of its windows, beside what is around them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

CONTEXT_SECONDS = 3.0
"""What lies so near to a stretch is what it is compared with."""


@final
@dataclass
class _Open:
    """What has been heard of a stretch so far: sums and maxima of ``(d,)``."""

    number: int
    first: int
    last: int
    inside: np.ndarray
    largest: np.ndarray
    around: np.ndarray
    cells_inside: int = 0
    cells_around: int = 0

    def add(self, first: int, values: np.ndarray, context: int) -> None:
        """Take what of ``(m, d)`` from cell ``first`` on is inside or around."""
        inside = _between(values, self.first - first, self.last - first)
        if len(inside):
            self.inside += inside.sum(axis=0)
            np.maximum(self.largest, inside.max(axis=0), out=self.largest)
            self.cells_inside += len(inside)
        for begin, end in ((self.first - context, self.first), (self.last, self.last + context)):
            around = _between(values, begin - first, end - first)
            self.around += around.sum(axis=0)
            self.cells_around += len(around)

    def pooled(self) -> np.ndarray:
        """Features ``(3 d,)`` of the stretch."""
        inside = self.inside / max(1, self.cells_inside)
        around = self.around / self.cells_around if self.cells_around else inside
        return np.concatenate((inside, inside - around, self.largest - around)).astype(np.float32)


def _between(values: np.ndarray, begin: int, end: int) -> np.ndarray:
    """Rows from ``begin`` to ``end``, as far as there are such."""
    return values[max(0, begin) : max(0, end)]


@final
class SegmentPooler:
    """The mean of the windows in each stretch, and how far it and their maximum stand out of what is around.

    Only stretches that are being heard are in memory.

    Args:
        spans: first cell of each stretch and the one behind its last, in the order of the first cells.
        context: cells before and after a stretch that it is compared with.
    """

    def __init__(self, spans: Sequence[tuple[int, int]], context: int) -> None:
        self._waiting = [(number, first, max(first + 1, last)) for number, (first, last) in enumerate(spans)][::-1]
        self._context, self._cell = context, 0
        self._open: list[_Open] = []

    def push(self, values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Number and features ``(3 d,)`` of each stretch that has been heard with all that is around it.

        Args:
            values: features ``(m, d)`` of the next cells.
        """
        wide, size = values.astype(np.float32), values.shape[1]
        end = self._cell + len(values)
        while self._waiting and self._waiting[-1][1] - self._context < end:
            number, first, last = self._waiting.pop()
            fresh = (np.zeros(size, np.float32), np.full(size, -np.inf, np.float32), np.zeros(size, np.float32))
            self._open.append(_Open(number, first, last, *fresh))
        for stretch in self._open:
            stretch.add(self._cell, wide, self._context)
        self._cell = end
        yield from self._closed(lambda stretch: stretch.last + self._context <= end)

    def flush(self) -> Iterator[tuple[int, np.ndarray]]:
        """Those whose surroundings the recording cuts off; a stretch of which nothing was heard is left out."""
        yield from self._closed(lambda stretch: True)

    def _closed(self, is_complete: Callable[[_Open], bool]) -> Iterator[tuple[int, np.ndarray]]:
        complete = [stretch for stretch in self._open if is_complete(stretch)]
        self._open = [stretch for stretch in self._open if not is_complete(stretch)]
        yield from ((stretch.number, stretch.pooled()) for stretch in complete if stretch.cells_inside)


def segment_features(values: np.ndarray, spans: Sequence[tuple[int, int]], context: int) -> np.ndarray:
    """Features ``(n, 3 d)`` of stretches of a recording whose windows ``(m, d)`` are all at hand, in the order of the
    spans."""
    order = sorted(range(len(spans)), key=lambda place: spans[place])
    limit = len(values) - 1
    clipped = [(min(spans[place][0], limit), min(max(spans[place][1], 1), len(values))) for place in order]
    pooler = SegmentPooler(clipped, context)
    rows = np.zeros((len(spans), 3 * values.shape[1]), np.float32)
    for start in range(0, len(values), 512):
        for number, row in pooler.push(values[start : start + 512]):
            rows[order[number]] = row
    for number, row in pooler.flush():
        rows[order[number]] = row
    return rows
