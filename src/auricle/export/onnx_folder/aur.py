"""Reading and writing .aur files with NumPy alone, as Auricle's docs/format.md describes them (version 2).

    writer = Writer(file, config, tables, channels=1, step=24)
    writer.push(codes)          # int (c, n, k), any n
    writer.finish(samples)      # per channel

    for codes in Reader(file.read(), config, tables): ...

Sounds have the model's own sample rate. ``config`` is what config.json holds, ``tables`` is
``load_tables("tables.json")``.
"""

import hashlib
import json
import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000)
WORD, STATE, PRECISION = 1 << 32, 1 << 64, 1 << 24
MID_SIDE = 8192


def load_tables(path: Path | str) -> dict[str, np.ndarray]:
    """The integer arrays of tables.json."""
    stored = json.loads(Path(path).read_text("utf-8"))
    return {name: np.array(part["values"], np.int64).reshape(part["shape"]) for name, part in stored.items()}


def tables_digest(tables: dict[str, np.ndarray]) -> bytes:
    """First bytes of the digest that a file's header holds."""
    counts = tables["counts"]
    data = np.array(counts.shape, "<i4").tobytes() + counts.astype("<u2").tobytes()
    for name in ("mean", "scale", "floor", "thresholds", "symbol"):
        data += tables[name].astype("<i4").tobytes()
    return hashlib.sha256(data).digest()[:4]


class PayloadCoder:
    """Codes of one packet to bytes and back, with the tables of one quality step."""

    def __init__(self, tables: dict[str, np.ndarray], step: int):
        stored, floor = tables["counts"] + 1, tables["floor"]
        level, part = divmod(step, 8)
        upper = min(level + 1, len(stored) - 1)
        counts = (stored[level] * (8 - part) + stored[upper] * part) // 8
        self.dims, self.contexts, self.symbols = counts.shape
        counts = counts.reshape(-1, self.symbols)
        counts[np.arange(len(counts)), counts.argmax(1)] += 65536 - counts.sum(1)
        below = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
        bounds = below * (PRECISION - self.symbols) // 65536 + np.arange(self.symbols + 1)
        bounds[:, -1] = PRECISION
        self.bounds = bounds.tolist()
        self.floor = (floor[level] * (8 - part) + floor[upper] * part) // 8
        self.mean, self.scale = (tables[name].T.astype(np.float64) for name in ("mean", "scale"))
        self.thresholds = tables["thresholds"]
        self.offset, self.escape = int(tables["symbol"][0]), bool(tables["symbol"][1])

    def context(self, past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and predictions ``(..., k)`` after ``past`` ``(..., 2k)``: the frame before, and the one before that."""
        first = np.arange(self.dims) * self.contexts
        if self.contexts == 1:
            return np.broadcast_to(first, (*past.shape[:-1], self.dims)), np.zeros((*past.shape[:-1], self.dims), int)
        mean = (past @ self.mean).astype(np.int64)  # sums of integers below 2^53: exact
        prediction = (mean + 512) // 1024
        lean = mean - 1024 * prediction
        side = 1 + (lean > 170).astype(int) - (lean < -170).astype(int)
        spread = self.floor + (np.abs(past) @ self.scale).astype(np.int64)
        return first + 3 * np.searchsorted(self.thresholds, spread, side="right") + side, prediction

    def encode(self, codes: np.ndarray) -> bytes:
        """Payload of a packet's codes ``(c, n, k)``."""
        clipped = np.pad(np.clip(codes, -255, 255), ((0, 0), (2, 0), (0, 0)))
        rows, prediction = self.context(np.concatenate((clipped[:, 1:-1], clipped[:, :-2]), axis=2))
        raw = codes - prediction + self.offset
        symbols = np.clip(raw, 0, self.symbols - 1)
        coder = RangeEncoder()
        for frame in range(codes.shape[1]):
            for row, symbol in zip(rows[:, frame].ravel().tolist(), symbols[:, frame].ravel().tolist(), strict=True):
                coder.put(self.bounds[row][symbol], self.bounds[row][symbol + 1])
            if self.escape:
                excess = np.abs(raw - symbols)[:, frame].ravel()
                ends = (symbols[:, frame].ravel() % (self.symbols - 1)) == 0
                for value in excess[ends].tolist():
                    coder.put_number(value)
        return coder.finish()

    def decode(self, payload: bytes, channels: int, frames: int) -> np.ndarray:
        """Codes int32 ``(c, n, k)`` of a payload."""
        codes = np.zeros((channels, frames + 2, self.dims), np.int64)
        coder = RangeDecoder(payload)
        for frame in range(2, frames + 2):
            past = np.clip(np.concatenate((codes[:, frame - 1], codes[:, frame - 2]), axis=1), -255, 255)
            rows, prediction = self.context(past)
            symbols = np.array([coder.take(self.bounds[row]) for row in rows.ravel().tolist()])
            values = symbols - self.offset
            if self.escape:
                for place in np.flatnonzero(symbols % (self.symbols - 1) == 0).tolist():
                    excess = coder.take_number()
                    values[place] += excess if symbols[place] else -excess
            codes[:, frame] = prediction + values.reshape(channels, self.dims)
        return codes[:, 2:].astype(np.int32)


class RangeEncoder:
    """Section 6 of the format, with carries that run back through the words that are out already."""

    def __init__(self) -> None:
        self.words: list[int] = []
        self.lower, self.width = 0, STATE - 1

    def put(self, below: int, above: int) -> None:
        unit = self.width // PRECISION
        self.lower += unit * below
        self.width = unit * (above - below)
        if self.width < WORD:
            self._shift()

    def put_number(self, value: int) -> None:
        """An Exp-Golomb number."""
        digits = (value + 1).bit_length()
        for place in range(2 * digits - 2, -1, -1):
            bit = (value + 1) >> place & 1
            self.put(bit * PRECISION // 2, (bit + 1) * PRECISION // 2)

    def _shift(self) -> None:
        carry, rest = divmod(self.lower, STATE)
        place = len(self.words) - 1
        while carry:
            carry, self.words[place] = divmod(self.words[place] + 1, WORD)
            place -= 1
        self.words.append(rest // WORD)
        self.lower, self.width = rest % WORD * WORD, self.width * WORD

    def finish(self) -> bytes:
        """The shortest bytes that lie in the last interval; zeros without end follow them."""
        for size in range(64, -8, -8):
            lowest = -(-self.lower >> size) << size
            if lowest < self.lower + self.width:
                self.lower = lowest
                break
        self._shift()
        self._shift()
        return b"".join(word.to_bytes(4, "big") for word in self.words).rstrip(b"\0")


class RangeDecoder:
    """Section 6 of the format."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 8
        self.ahead, self.width = int.from_bytes(data[:8].ljust(8, b"\0"), "big"), STATE - 1  # point - lower

    def take(self, bounds: list[int]) -> int:
        unit = self.width // PRECISION
        place = self.ahead // unit
        if place >= PRECISION:
            raise ValueError("these bytes are no code stream: the file is damaged")
        index = bisect_right(bounds, place) - 1
        self.ahead -= unit * bounds[index]
        self.width = unit * (bounds[index + 1] - bounds[index])
        if self.width < WORD:
            self.ahead = self.ahead * WORD + int.from_bytes(self.data[self.at : self.at + 4].ljust(4, b"\0"), "big")
            self.width, self.at = self.width * WORD, self.at + 4
        return index

    def take_number(self) -> int:
        half, zeros = [0, PRECISION // 2, PRECISION], 0
        while self.take(half) == 0:
            zeros += 1
            if zeros >= 20:
                raise ValueError("an impossibly large code: the file is damaged")
        value = 1
        for _ in range(zeros):
            value = 2 * value + self.take(half)
        return value - 1


class Writer:
    """Codes to a file, packet by packet."""

    def __init__(
        self,
        file: BinaryIO,
        config: dict[str, Any],
        tables: dict[str, np.ndarray],
        *,
        channels: int = 1,
        step: int,
        packet_seconds: float = 4.0,
    ):
        rate, hop = config["sample_rate"], config["hop_length"]
        self.file, self.packet_frames = file, max(1, round(packet_seconds * rate / hop))
        self.coder, self.salt = PayloadCoder(tables, step), os.urandom(4)
        self.waiting = np.zeros((channels, 0, self.coder.dims), np.int64)
        self.sequence, self.checksum = 0, 0
        name = config["name"].encode()[:64].decode(errors="ignore").encode()
        body = bytes.fromhex(config["fingerprint"])[:8] + tables_digest(tables) + bytes((len(name),)) + name
        body += 2 * _rate(rate) + bytes((channels,)) + _varint(hop) + _varint(config["decoder_latency"])
        body += _varint(self.packet_frames) + bytes((step, 0)) + b"\xff" * 5
        for angle in angles(channels):
            body += angle.to_bytes(2, "little", signed=True)
        head = b"AUR2" + bytes((len(body) + 5,)) + body + self.salt + b"\0"
        file.write(head + crc32c(head).to_bytes(4, "little"))

    def push(self, codes: np.ndarray) -> None:
        """Take codes ``(c, n, k)``, any n; write the packets that are full."""
        self.waiting = np.concatenate((self.waiting, np.clip(codes, -(1 << 19), 1 << 19)), axis=1)
        while self.waiting.shape[1] > self.packet_frames:
            full, self.waiting = np.split(self.waiting, [self.packet_frames], axis=1)
            self._write(0, _varint(self.sequence), full)

    def finish(self, samples: int) -> None:
        """Write the rest of a sound of so many samples per channel."""
        last, fields = self.waiting, _varint(2 * self.sequence) + _varint(samples + 1)
        self.checksum = crc32c(last.swapaxes(0, 1).astype("<i4").tobytes(), self.checksum)
        self._write(1, fields + self.checksum.to_bytes(4, "little"), last)

    def _write(self, kind: int, fields: bytes, codes: np.ndarray) -> None:
        if kind == 0:
            self.checksum = crc32c(codes.swapaxes(0, 1).astype("<i4").tobytes(), self.checksum)
        body = fields + self.coder.encode(codes)
        record = _varint(4 * len(body) + kind) + body
        self.file.write(record + crc32c(self.salt + record).to_bytes(4, "little"))
        self.sequence += 1


class Reader:
    """A file's codes, packet by packet. ``samples`` is known at the end.

    Raises:
        ValueError: the file is damaged, of another model, or has lost packets.
    """

    def __init__(self, data: bytes, config: dict[str, Any], tables: dict[str, np.ndarray]):
        self.data, self.at, self.tables = data, 0, tables
        magic, body = self._take(4), self._take(self._take(1)[0])
        if magic not in (b"AUR1", b"AUR2") or crc32c(data[: self.at]) != int.from_bytes(self._take(4), "little"):
            raise ValueError("this is no .aur file that can be read")
        self.header = _read_header(body, magic == b"AUR2")
        models = (config["fingerprint"], *config["decodes"])
        if self.header["fingerprint"] not in [bytes.fromhex(model)[:8] for model in models]:
            raise ValueError(f"the file was made with another model, {self.header['name']!r}")
        if self.header["tables"] != tables_digest(tables):
            raise ValueError("the file was made with other tables")
        self.channels, self.samples = self.header["channels"], self.header["samples"]
        self.config = config

    def __iter__(self) -> Iterator[np.ndarray]:
        """Codes int32 ``(c, n, k)`` of each packet."""
        coder = PayloadCoder(self.tables, self.header["step"])
        checksum, frames, expected = 0, self.header["packet_frames"], 0
        for sequence, (kind, body) in enumerate(self._records()):
            number, at = _read_varint(body, 0)
            if kind == 1:
                number, lost = divmod(number, 2)
                length, at = _read_varint(body, at)
                self.samples = length - 1 if length else self.samples
                if lost or self.samples is None:
                    raise ValueError("the last packet is lost")
                native = self.samples + self.header["delay"]
                frames = -(-native // self.header["hop"]) - sequence * frames if self.samples else 0
                expected, at = int.from_bytes(body[at : at + 4], "little"), at + 4
            if number != sequence or kind == 3:
                raise ValueError("packets are lost: see `auricle decompress`")
            codes = coder.decode(body[at:], self.channels, frames)
            checksum = crc32c(codes.swapaxes(0, 1).astype("<i4").tobytes(), checksum)
            if kind == 1 and checksum != expected:
                raise ValueError("the codes differ from those that were written")
            yield codes

    def _records(self) -> Iterator[tuple[int, bytes]]:
        """Kind and body of packets up to the last one."""
        kind = 0
        while kind != 1:
            start = self.at
            key, self.at = _read_varint(self.data, start)
            kind, body = key % 4, self._take(key // 4)
            salt = b"" if kind == 2 else self.header["salt"]
            if crc32c(salt + self.data[start : self.at]) != int.from_bytes(self._take(4), "little"):
                raise ValueError("the file is damaged")
            if kind != 2:
                yield kind, body

    def _take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise ValueError("the file is cut short")
        self.at += size
        return self.data[self.at - size : self.at]


def angles(channels: int) -> list[int]:
    """Rotation that a `Writer` states: middle and side for two channels, none for others."""
    return [MID_SIDE] if channels == 2 else [0] * (channels * (channels - 1) // 2)


def rotate(audio: np.ndarray, turns: list[int], *, back: bool = False) -> np.ndarray:
    """Rotate channels ``(c, t)`` before coding, or back after decoding."""
    audio = np.array(audio)
    pairs = [(p, q) for p in range(len(audio)) for q in range(p + 1, len(audio))]
    for (p, q), turn in list(zip(pairs, turns, strict=True))[:: -1 if back else 1]:
        cosine, sine = np.cos(turn * np.pi / 32768), np.sin(turn * np.pi / 32768) * (-1 if back else 1)
        audio[[p, q]] = cosine * audio[p] + sine * audio[q], -sine * audio[p] + cosine * audio[q]
    return audio


def crc32c(data: bytes, value: int = 0) -> int:
    """CRC-32C of data that follows data of the CRC ``value``."""
    value ^= 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def _crc_entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value


_CRC = [_crc_entry(value) for value in range(256)]


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes((value & 0x7F | 0x80,)), value >> 7
    return out + bytes((value,))


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and the place after it."""
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(data):
            raise ValueError("the file is cut short")
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise ValueError("a number without end: the file is damaged")


def _rate(value: int) -> bytes:
    return bytes((RATES.index(value) + 1,)) if value in RATES else b"\0" + _varint(value)


def _read_rate(body: bytes, at: int) -> tuple[int, int]:
    return (RATES[body[at] - 1], at + 1) if body[at] else _read_varint(body, at + 1)


def _read_header(body: bytes, salted: bool) -> dict[str, Any]:
    header: dict[str, Any] = {"fingerprint": body[:8], "tables": body[8:12], "name": body[13 : 13 + body[12]].decode()}
    at = 13 + body[12]
    header["native_rate"], at = _read_rate(body, at)
    header["sample_rate"], at = _read_rate(body, at)
    header["channels"], at = body[at], at + 1
    for name in ("hop", "delay", "packet_frames"):
        header[name], at = _read_varint(body, at)
    header["step"], gain = body[at], int.from_bytes(body[at + 1 : at + 2], "little", signed=True)
    samples = int.from_bytes(body[at + 2 : at + 7], "little")
    header["gain"], header["samples"], at = 10 ** (gain / 40), None if samples == (1 << 40) - 1 else samples, at + 7
    pairs = header["channels"] * (header["channels"] - 1) // 2
    header["angles"] = [int.from_bytes(body[i : i + 2], "little", signed=True) for i in range(at, at + 2 * pairs, 2)]
    at += 2 * pairs
    header["salt"] = body[at : at + 4] if salted else b""
    header["coherence"] = body[at + 5] / 255 if salted and len(body) > at + 5 else 0.0
    if header["sample_rate"] != header["native_rate"]:
        raise ValueError(f"the sound has {header['sample_rate']} Hz, not the model's {header['native_rate']}")
    return header
