"""Integer probability tables: what a frozen prior becomes, so that files decode alike on every machine.

Nothing here uses floating-point arithmetic to decide a symbol's probability. A code is predicted from the two frames
before it by integer linear filters; the remainder is looked up in a table chosen by an integer measure of how large
the neighbouring codes were. Sums of products run in floating point for speed: every value on the way is an integer
below 2^53, or below 2^24 where float32 is used, or one divided by a power of two, so they are exact in any order.
``probabilities`` holds the counts divided by 2^16, exact in float64 as well.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import numpy as np

TOTAL = 1 << 16
STEPS_PER_LEVEL = 8
"""A quality level is divided into this many steps; files store the step."""
FIXED_POINT = 10
"""Fractional bits of the integer filters."""
HISTORY = 2
"""Frames that the context looks back on."""
LIMIT = 255
"""Codes are clipped to this magnitude before they enter a context."""
_LEAN = ((1 << FIXED_POINT) // 6) / (1 << FIXED_POINT)
"""Beyond this the prediction leans to a neighbouring code, which has a row of its own in each bucket."""


class Coded(NamedTuple):
    """What the entropy coder is given for a run of frames."""

    symbols: np.ndarray
    """int32 (..., n, k): indices into a row of probabilities."""
    rows: np.ndarray
    """int64 (..., n, k): indices of rows."""
    excess: np.ndarray
    """int32 (..., n, k): how far the value lies beyond an escape symbol, 0 where there is no escape."""


@final
@dataclass(frozen=True, eq=False)
class TableSet:
    """The tables of one quality step.

    Axes: ``k`` code dimension, ``x`` context, ``s`` symbol. ``counts`` is int32 ``(k, x, s)``, each row sums to 2^16.
    """

    counts: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    floor: np.ndarray
    thresholds: np.ndarray
    offset: int
    escape: bool

    @property
    def symbols(self) -> int:
        """Symbols a row has."""
        return self.counts.shape[2]

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Dyadic float64 ``(k * x, s)``: counts / 2^16, exact."""
        return self.counts.reshape(-1, self.symbols) / np.float64(TOTAL)

    @cached_property
    def _filters(self) -> tuple[np.ndarray, np.ndarray]:
        """Filters ``mean`` and ``scale``, transposed ``(2k, k)``, in the smallest float that makes no error."""
        sums = (LIMIT * int(np.abs(part).sum(1).max()) for part in (self.mean, self.scale))
        largest = max(sums) + max(int(self.floor.max()), 1 << (FIXED_POINT - 1))
        exact = np.float32 if largest < 1 << 24 else np.float64
        return np.ascontiguousarray(self.mean.T, exact), np.ascontiguousarray(self.scale.T, exact)

    @cached_property
    def _first_rows(self) -> np.ndarray:
        """First row of each dimension, ``(k,)``."""
        return np.arange(self.counts.shape[0]) * self.counts.shape[1]

    @cached_property
    def _buckets(self) -> np.ndarray:
        """Middle row of the bucket of each spread up to the last threshold, which stands for all above: int64."""
        spreads = np.arange(int(self.thresholds[-1]) + 1)
        return 3 * self.thresholds.searchsorted(spreads, side="right") + 1

    def start(self, *lead: int) -> np.ndarray:
        """History before the first frame: zeros ``(*lead, 2, k)``, integers kept as floats."""
        return np.zeros((*lead, HISTORY, self.counts.shape[0]), self._filters[0].dtype)

    def advance(self, history: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """History after ``codes`` ``(..., k)`` have been decoded."""
        moved = np.empty_like(history)
        moved[..., 1:, :] = history[..., :-1, :]
        moved[..., 0, :] = np.minimum(np.maximum(codes, -LIMIT), LIMIT)
        return moved

    def rows(self, history: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of probabilities and predictions for the next frame.

        Args:
            history: ``(..., 2, k)``, newest frame first.

        Returns:
            rows int64 ``(..., k)`` and predictions int64 ``(..., k)``: ``code = prediction + symbol - offset``.
        """
        dims, contexts, _ = self.counts.shape
        flat = history.reshape(*history.shape[:-2], HISTORY * dims)
        if contexts == 1:
            shape = (*flat.shape[:-1], dims)
            return np.broadcast_to(self._first_rows, shape), np.zeros(shape, np.int64)
        mean_filter, scale_filter = self._filters
        exact = mean_filter.dtype.type
        mean = (flat @ mean_filter) * exact(1 / (1 << FIXED_POINT))
        prediction = np.floor(mean + exact(0.5))
        trend = mean - prediction
        side = (trend > exact(_LEAN)).view(np.int8) - (trend < exact(-_LEAN)).view(np.int8)
        spread = (np.abs(flat) @ scale_filter + self.floor).astype(np.int64)
        bucket = self._buckets.take(spread, mode="clip")
        return bucket + self._first_rows + side, prediction.astype(np.int64)

    def code(self, codes: np.ndarray) -> Coded:
        """Symbols and rows of whole runs, each starting from an empty history.

        Args:
            codes: int ``(..., n, k)``.
        """
        clipped = np.clip(codes, -LIMIT, LIMIT)
        history = self.start(*codes.shape[:-1])
        for lag in range(HISTORY):
            history[..., lag + 1 :, lag, :] = clipped[..., : -lag - 1, :]
        rows, prediction = self.rows(history)
        return self.symbols_of(codes, rows, prediction)

    def symbols_of(self, codes: np.ndarray, rows: np.ndarray, prediction: np.ndarray) -> Coded:
        """Symbols of codes whose rows and predictions are known."""
        raw = codes - prediction + self.offset
        symbols = np.clip(raw, 0, self.symbols - 1)
        escaped = ((symbols == 0) | (symbols == self.symbols - 1)) & self.escape
        excess = np.where(escaped, np.abs(raw - symbols), 0)
        return Coded(symbols.astype(np.int32), rows, excess.astype(np.int32))

    def codes_of(self, symbols: np.ndarray, excess: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Inverse of :meth:`symbols_of`: int64 codes."""
        outward = np.where(symbols == 0, -excess, excess)
        return symbols + outward + prediction - self.offset

    def ideal_bits(self, codes: np.ndarray) -> float:
        """Shannon code length of codes ``(..., n, k)`` in bits, escapes' excess counted as it is coded."""
        coded = self.code(codes)
        bits = -np.log2(self.probabilities[coded.rows, coded.symbols]).sum()
        if self.escape:
            ends = (coded.symbols == 0) | (coded.symbols == self.symbols - 1)
            bits += np.sum(2 * np.floor(np.log2(coded.excess[ends] + 1.0)) + 1)
        return float(bits)


@final
@dataclass(frozen=True, eq=False)
class Tables:
    """Integer tables of a model, for every quality level.

    ``counts`` int32 ``(level, k, x, s)``: each row sums to 2^16 and has no zero. ``mean`` and ``scale`` int32
    ``(k, 2k)``: filters over ``[previous frame, the one before]`` of the codes and of their magnitudes, with 10
    fractional bits. ``floor`` int32 ``(level, k)``. ``thresholds`` int32 ``(x / 3 - 1,)``, ascending.
    """

    counts: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    floor: np.ndarray
    thresholds: np.ndarray
    offset: int
    escape: bool

    @property
    def last_step(self) -> int:
        """Highest quality step."""
        return (self.counts.shape[0] - 1) * STEPS_PER_LEVEL

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the integers in the order that ``docs/format.md`` states: what codes can be read with."""
        digest = hashlib.sha256()
        digest.update(np.array(self.counts.shape, "<i4").tobytes())
        digest.update((self.counts - 1).astype("<u2").tobytes())
        for part in (self.mean, self.scale, self.floor, self.thresholds):
            digest.update(part.astype("<i4").tobytes())
        digest.update(np.array([self.offset, self.escape], "<i4").tobytes())
        return digest.digest()

    def at(self, step: int) -> TableSet:
        """Tables of a quality step; between levels the counts are mixed in integers.

        Args:
            step: quality times 8, from 0 to ``last_step``.
        """
        assert 0 <= step <= self.last_step, step
        level, part = divmod(step, STEPS_PER_LEVEL)
        upper = min(level + 1, self.counts.shape[0] - 1)
        mixed = self.counts[level] * (STEPS_PER_LEVEL - part) + self.counts[upper] * part
        floor = (self.floor[level] * (STEPS_PER_LEVEL - part) + self.floor[upper] * part) // STEPS_PER_LEVEL
        counts = _filled_to_total(mixed // STEPS_PER_LEVEL)
        return TableSet(
            counts,
            self.mean.astype(np.int64),
            self.scale.astype(np.int64),
            floor.astype(np.int64),
            self.thresholds.astype(np.int64),
            self.offset,
            self.escape,
        )


def _filled_to_total(counts: np.ndarray) -> np.ndarray:
    """Give each row's largest symbol what is missing to 2^16."""
    counts = counts.astype(np.int32)
    flat = counts.reshape(-1, counts.shape[-1])
    largest = flat.argmax(-1)
    flat[np.arange(len(flat)), largest] += TOTAL - flat.sum(-1, dtype=np.int32)
    return flat.reshape(counts.shape)


@final
@dataclass(frozen=True, eq=False)
class TableShape:
    """What a bottleneck knows of its tables before any code has been counted (see :class:`Tables`)."""

    levels: int
    symbols: int
    offset: int
    escape: bool
    mean: np.ndarray
    scale: np.ndarray
    floor: np.ndarray
    thresholds: np.ndarray

    @property
    def contexts(self) -> int:
        """Contexts a dimension has."""
        return 1 if not self.scale.any() and len(self.thresholds) == 0 else 3 * (len(self.thresholds) + 1)

    @staticmethod
    def memoryless(levels: int, dims: int, symbols: int) -> "TableShape":
        """Tables without context, for codes that are indices (RVQ, FSQ)."""
        none = np.zeros((dims, HISTORY * dims), np.int32)
        return TableShape(
            levels, symbols, 0, False, none, none, np.zeros((levels, dims), np.int32), np.zeros(0, np.int32)
        )

    def unfilled(self) -> Tables:
        """Tables with uniform counts: enough to ask for rows and symbols while counting."""
        counts = np.full((self.levels, self.mean.shape[0], self.contexts, self.symbols), TOTAL // self.symbols)
        return Tables(
            _filled_to_total(counts), self.mean, self.scale, self.floor, self.thresholds, self.offset, self.escape
        )


@final
class TableCounter:
    """Counts codes of a training set and turns the counts into :class:`Tables`."""

    def __init__(self, shape: TableShape):
        self._shape = shape
        self._unfilled = shape.unfilled()
        self._occurrences = np.zeros(self._unfilled.counts.shape, np.int64)

    def add(self, level: int, codes: np.ndarray) -> None:
        """Count codes ``(..., n, k)`` quantised at an integer quality level."""
        coded = self._unfilled.at(level * STEPS_PER_LEVEL).code(codes)
        rows_of_level = self._occurrences[level].reshape(-1, self._shape.symbols)
        index = coded.rows.astype(np.int64) * self._shape.symbols + coded.symbols
        rows_of_level += np.bincount(index.ravel(), minlength=rows_of_level.size).reshape(rows_of_level.shape)

    def tables(self, *, pool: float = 24.0, flat: float = 0.5) -> Tables:
        """Smoothed integer tables.

        A row that was seen rarely leans on the same context pooled over dimensions (weight ``pool`` observations), and
        that on a uniform one (``flat`` observations a symbol). Contexts of memoryless tables are not pooled.
        """
        occurrences = self._occurrences.astype(np.float64)
        symbols = self._shape.symbols
        if self._shape.contexts > 1:
            pooled = occurrences.sum(1, keepdims=True) + flat
            occurrences = occurrences + pool * pooled / pooled.sum(-1, keepdims=True)
        else:
            occurrences = occurrences + flat
        share = occurrences / occurrences.sum(-1, keepdims=True)
        counts = 1 + np.floor(share * (TOTAL - symbols)).astype(np.int64)
        shape = self._shape
        return Tables(
            _filled_to_total(counts),
            shape.mean,
            shape.scale,
            shape.floor,
            shape.thresholds,
            shape.offset,
            shape.escape,
        )
