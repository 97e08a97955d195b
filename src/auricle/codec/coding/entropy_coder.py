"""Entropy coding of packets: codes to bytes and back, by a range coder fed with integer tables.

A packet is coded from an empty history, so each one decodes on its own. Within a frame the symbols of all
channels come first, then the Exp-Golomb bits of the escapes among them. ``docs/format.md`` states the arithmetic.
"""

import signal
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, final

import google_crc32c
import numpy as np
from constriction import stream  # pyright: ignore[reportAttributeAccessIssue]

from auricle.codec.format.header import TABLES_BYTES
from auricle.errors import FormatError, ModelError

if TYPE_CHECKING:
    from auricle.model.bottleneck.tables import Tables, TableSet

MAX_EXCESS_DIGITS = 20
"""An escape's excess plus one has at most this many binary digits."""
_STATE = 1 << 64
_WORD_BYTES = 4
_LARGEST_GATHER = 1 << 16
"""Probabilities that are gathered at once: few enough to stay in a core's cache."""


def _find_numpy() -> None:
    """Let constriction look for numpy undisturbed: a signal in the middle of that is a panic on standard error."""
    if sys.platform == "win32":  # has no signal masks
        stream.queue.RangeDecoder(np.zeros(1, np.uint32))
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        stream.queue.RangeDecoder(np.zeros(1, np.uint32))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_find_numpy()


def codes_checksum(codes: np.ndarray, checksum: int = 0) -> int:
    """Continue the CRC-32C of a file's codes with a packet's ``(c, n, k)``.

    The codes count as little-endian int32, frame by frame, in each frame channel by channel.
    """
    return google_crc32c.extend(checksum, codes.swapaxes(0, 1).astype("<i4").tobytes())


def tables_digest(tables: "Tables") -> bytes:
    """First bytes of the digest of tables: what a file's header says of them."""
    return tables.digest[:TABLES_BYTES]


@final
class PacketCoder:
    """Codes packets with the tables of one quality step."""

    def __init__(self, tables: "TableSet"):
        self._tables = tables
        self._family = stream.model.Categorical(perfect=False)
        self._bit = stream.model.Uniform(2)
        self._is_escape = np.zeros(tables.symbols, bool)
        self._is_escape[[0, -1]] = tables.escape

    def encode(self, codes: np.ndarray) -> bytes:
        """Bytes of one packet.

        Args:
            codes: int ``(c, n, k)``.

        Raises:
            ModelError: a code lies too far outside the tables to be written.
        """
        if codes.size == 0:
            return b""
        coded = self._tables.code(codes)
        symbols, rows, excess = (np.ascontiguousarray(part.swapaxes(0, 1)) for part in coded)
        if int(excess.max()) + 1 >= 1 << MAX_EXCESS_DIGITS:
            largest = int(np.abs(codes).max())
            raise ModelError(f"the model makes codes up to {largest}, more than a file holds: train it longer")
        escaped = self._is_escape[symbols]
        encoder = stream.queue.RangeEncoder()
        gather = _RowGather(self._tables)
        for run in self._runs(escaped):
            encoder.encode(symbols[run].reshape(-1), self._family, gather(rows[run]))
            for value in excess[run][escaped[run]].tolist():
                self._encode_excess(encoder, value)
        return _shortest_code(encoder)

    def decode(self, payloads: Sequence[bytes], channels: int, frames: int) -> np.ndarray:
        """Codes of packets of the same number of frames, side by side: int32 ``(packets, c, n, k)``.

        Raises:
            FormatError: :meth:`encode` can't have made the bytes with these tables. Not all damage shows.
        """
        tables = self._tables
        dims = tables.counts.shape[0]
        codes = np.empty((len(payloads), channels, frames, dims), np.int32)
        decoders = [_decoder(payload) for payload in payloads]
        history, gather = tables.start(len(payloads), channels), _RowGather(tables)
        try:
            for frame in range(frames):
                rows, prediction = tables.rows(history)
                pairs = zip(decoders, rows, strict=True)
                symbols = np.stack([decoder.decode(self._family, gather(row)) for decoder, row in pairs])
                values = prediction + self._values(decoders, symbols).reshape(prediction.shape)
                codes[:, :, frame] = values
                history = tables.advance(history, values)
        except AssertionError as error:
            raise FormatError("its bytes are not a valid code stream: the file is damaged") from error
        return codes

    def _values(self, decoders: list[stream.queue.RangeDecoder], symbols: np.ndarray) -> np.ndarray:
        """A frame's codes less their predictions, of symbols ``(packets, c * k)``."""
        values = symbols - self._tables.offset
        escaped = self._is_escape.take(symbols)
        if np.count_nonzero(escaped):
            for packet, place in np.argwhere(escaped).tolist():
                excess = self._decode_excess(decoders[packet])
                values[packet, place] += excess if symbols[packet, place] else -excess
        return values

    def _runs(self, escaped: np.ndarray) -> Iterator[slice]:
        """Slices of frames to code at once: none has an escape before its last frame, none is too large."""
        frames, channels, dims = escaped.shape
        longest = max(1, _LARGEST_GATHER // (channels * dims * self._tables.symbols))
        stops = np.flatnonzero(escaped.any(axis=(1, 2))) + 1
        begin = 0
        for stop in [*stops.tolist(), frames]:
            while begin < stop:
                yield slice(begin, min(stop, begin + longest))
                begin = min(stop, begin + longest)

    def _encode_excess(self, encoder: stream.queue.RangeEncoder, value: int) -> None:
        """Exp-Golomb: as many zeros as ``value + 1`` has digits after the first, then its digits."""
        digits = (value + 1).bit_length()
        for place in range(2 * digits - 2, -1, -1):
            encoder.encode((value + 1) >> place & 1, self._bit)

    def _decode_excess(self, decoder: stream.queue.RangeDecoder) -> int:
        zeros = 0
        while decoder.decode(self._bit) == 0:
            zeros += 1
            if zeros >= MAX_EXCESS_DIGITS:
                raise FormatError("it holds an impossibly large code: the file is damaged")
        value = 1
        for _ in range(zeros):
            value = 2 * value + decoder.decode(self._bit)
        return value - 1


@final
class _RowGather:
    """Rows of probabilities by their indices, each time in the same memory: fresh memory costs more than the rows.

    Indices are known to be good; ``mode="clip"`` says so, because NumPy would take a copy on the way otherwise.
    """

    def __init__(self, tables: "TableSet"):
        self._rows, self._symbols = tables.probabilities, tables.symbols
        self._memory = np.empty((0, self._symbols))

    def __call__(self, indices: np.ndarray) -> np.ndarray:
        """Float64 ``(i, s)`` for indices of any shape, good until the next call."""
        if len(self._memory) < indices.size:
            self._memory = np.empty((indices.size, self._symbols))
        return self._rows.take(indices.reshape(-1), axis=0, out=self._memory[: indices.size], mode="clip")


def _decoder(payload: bytes) -> stream.queue.RangeDecoder:
    words = np.frombuffer(payload + bytes(-len(payload) % _WORD_BYTES), ">u4")
    return stream.queue.RangeDecoder(words.astype(np.uint32))


def _shortest_code(encoder: stream.queue.RangeEncoder) -> bytes:
    """The encoder's bytes, ended by the shortest number that lies in its last interval.

    Any number in the interval decodes alike and the decoder reads zeros beyond the end, so the number with the
    most trailing zero bytes is the cheapest.
    """
    words, (lower, width) = encoder.pos()
    compressed = encoder.get_compressed().astype(">u4").tobytes()
    final_bytes = words * _WORD_BYTES
    carried = int.from_bytes(compressed[final_bytes : final_bytes + 8].ljust(8, b"\0"), "big") < lower
    for size in range(9):
        unit = 1 << (64 - 8 * size)
        shortest = max(-(-lower // unit) * unit, _STATE * carried)
        if shortest < lower + width and (shortest >= _STATE) == carried:
            return (compressed[:final_bytes] + (shortest % _STATE).to_bytes(8, "big")).rstrip(b"\0")
    raise AssertionError("the range coder's interval is empty")
