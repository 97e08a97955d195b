"""A packet decoder written from docs/format.md alone, in plain integers: no numpy, no floating point, no library."""

from auricle.model.bottleneck.tables import TableSet

WORD, STATE = 1 << 32, 1 << 64
PRECISION = 1 << 24


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


def choose(tables: TableSet, past: list[int], dim: int) -> tuple[list[int], int]:
    """Counts of a code's row, and its prediction."""
    contexts = tables.counts.shape[1]
    if contexts == 1:
        return tables.counts[dim, 0].tolist(), 0
    mean = sum(f * p for f, p in zip(tables.mean[dim].tolist(), past, strict=True))
    prediction = (mean + 512) // 1024
    lean = mean - 1024 * prediction
    side = 2 if lean > 170 else 0 if lean < -170 else 1
    spread = int(tables.floor[dim]) + sum(f * abs(p) for f, p in zip(tables.scale[dim].tolist(), past, strict=True))
    bucket = sum(threshold <= spread for threshold in tables.thresholds.tolist())
    return tables.counts[dim, 3 * bucket + side].tolist(), prediction


def decode(payload: bytes, tables: TableSet, channels: int, frames: int) -> list[list[list[int]]]:
    """Codes [frame][channel][dim] of one packet."""
    dims, _, symbols = tables.counts.shape
    stream = RangeDecoder(payload)
    past = [[0] * (2 * dims) for _ in range(channels)]
    out = []
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
        out.append(frame)
    return out
