"""A packet decoder written from docs/format.md alone, in plain integers: no numpy, no floating point, no library."""

from dataclasses import dataclass

WORD, STATE = 1 << 32, 1 << 64
PRECISION = 1 << 24


@dataclass
class PlainTables:
    """Tables of one quality step."""

    counts: list[list[list[int]]]
    mean: list[list[int]]
    scale: list[list[int]]
    floor: list[int]
    thresholds: list[int]
    offset: int
    escape: bool


def tables_at(arrays: dict[str, tuple[list[int], list[int]]], step: int) -> PlainTables:
    """Tables of a step from a model file's arrays, each a shape and its values in a row."""
    (levels, dims, contexts, symbols), stored = arrays["counts"]
    level, part = divmod(step, 8)
    upper = min(level + 1, levels - 1)
    size = dims * contexts * symbols
    below, above = (stored[at * size : (at + 1) * size] for at in (level, upper))
    mixed = [((a + 1) * (8 - part) + (b + 1) * part) // 8 for a, b in zip(below, above, strict=True)]
    rows = [settled(mixed[at : at + symbols]) for at in range(0, size, symbols)]
    floors = arrays["floor"][1]
    pairs = zip(floors[level * dims : (level + 1) * dims], floors[upper * dims : (upper + 1) * dims], strict=True)
    wide = 2 * dims
    mean, scale = (arrays[name][1] for name in ("mean", "scale"))
    return PlainTables(
        [rows[at : at + contexts] for at in range(0, len(rows), contexts)],
        [mean[at : at + wide] for at in range(0, len(mean), wide)],
        [scale[at : at + wide] for at in range(0, len(scale), wide)],
        [(a * (8 - part) + b * part) // 8 for a, b in pairs],
        arrays["thresholds"][1],
        arrays["symbol"][1][0],
        bool(arrays["symbol"][1][1]),
    )


def settled(counts: list[int]) -> list[int]:
    largest = counts.index(max(counts))
    counts[largest] += 65536 - sum(counts)
    return counts


class RangeDecoder:
    def __init__(self, data: bytes):
        self._data, self._at = data, 8
        self._point = int.from_bytes(data[:8].ljust(8, b"\0"), "big")
        self._lower, self._width = 0, STATE - 1

    def draw(self, bounds: list[int]) -> int:
        """Index i with bounds[i] <= place < bounds[i + 1]."""
        unit = self._width // PRECISION
        place = (self._point - self._lower) % STATE // unit
        if place >= PRECISION:
            raise ValueError("not a code stream")
        index = next(i for i in range(len(bounds) - 1) if place < bounds[i + 1])
        self._lower = (self._lower + unit * bounds[index]) % STATE
        self._width = unit * (bounds[index + 1] - bounds[index])
        if self._width < WORD:
            word = int.from_bytes(self._data[self._at : self._at + 4].ljust(4, b"\0"), "big")
            self._point = self._point * WORD % STATE + word
            self._lower, self._width = self._lower * WORD % STATE, self._width * WORD
            self._at += 4
        return index

    def excess(self) -> int:
        half = [0, PRECISION // 2, PRECISION]
        zeros = 0
        while self.draw(half) == 0:
            zeros += 1
            if zeros >= 20:
                raise ValueError("too large a code")
        value = 1
        for _ in range(zeros):
            value = 2 * value + self.draw(half)
        return value - 1


def bounds_of(counts: list[int]) -> list[int]:
    total, bounds = 0, []
    for index, count in enumerate(counts):
        bounds.append(total * (PRECISION - len(counts)) // 65536 + index)
        total += count
    return [*bounds, PRECISION]


def choose(tables: PlainTables, past: list[int], dim: int) -> tuple[list[int], int]:
    """Counts of a code's row, and its prediction."""
    if len(tables.counts[dim]) == 1:
        return tables.counts[dim][0], 0
    mean = sum(f * p for f, p in zip(tables.mean[dim], past, strict=True))
    prediction = (mean + 512) // 1024
    weight = mean - 1024 * prediction
    side = 2 if weight > 170 else 0 if weight < -170 else 1
    spread = tables.floor[dim] + sum(f * abs(p) for f, p in zip(tables.scale[dim], past, strict=True))
    bucket = sum(threshold <= spread for threshold in tables.thresholds)
    return tables.counts[dim][3 * bucket + side], prediction


def decode(payload: bytes, tables: PlainTables, channels: int, frames: int) -> list[list[list[int]]]:
    """Codes [frame][channel][dim] of one packet."""
    dims, symbols = len(tables.counts), len(tables.counts[0][0])
    stream = RangeDecoder(payload)
    past = [[0] * (2 * dims) for _ in range(channels)]
    codes = []
    for _ in range(frames):
        frame, escapes = [], []
        for channel in range(channels):
            frame.append([])
            for dim in range(dims):
                counts, prediction = choose(tables, past[channel], dim)
                symbol = stream.draw(bounds_of(counts))
                frame[channel].append(prediction + symbol - tables.offset)
                if tables.escape and symbol in (0, symbols - 1):
                    escapes.append((channel, dim, 1 if symbol else -1))
        for channel, dim, sign in escapes:
            frame[channel][dim] += sign * stream.excess()
        for channel in range(channels):
            newest = [min(max(code, -255), 255) for code in frame[channel]]
            past[channel] = newest + past[channel][:dims]
        codes.append(frame)
    return codes
