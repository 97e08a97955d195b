"""A reader of .aur files written from docs/format.md alone: plain Python, nothing of Auricle, no library but the
standard one. It ends at the codes, and reads tables from the model file by itself."""

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000)


class BadFileError(Exception):
    pass


def crc32c(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


class Bytes:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise BadFileError("cut short")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def rate(self) -> int:
        code = self.number(1)
        return RATES[code - 1] if code else self.varint()


@dataclass
class File:
    header: dict
    tags: dict[str, str]
    packets: list[tuple[int, bytes]]
    """Frames and payload of those that are not lost."""
    lost: int
    samples: int
    codes_checksum: int


def read(data: bytes) -> File:
    reader = Bytes(data)
    start = reader.take(4)
    if start not in (b"AUR1", b"AUR2"):
        raise BadFileError("magic")
    body = reader.take(reader.number(1))
    if crc32c(data[: reader.at]) != reader.number(4):
        raise BadFileError("header crc")
    header = read_header(Bytes(body), int(start[3:]))
    file = File(header, {}, [], 0, -1, 0)
    sequence = 0
    for kind, fields in records(reader, header["salt"]):
        if kind == 2:
            read_optional(fields, file)
        elif file.samples >= 0:
            raise BadFileError("after the end")
        elif kind == 3:
            if fields.varint() != 3 or fields.varint() != sequence:
                raise BadFileError("gap")
            count = fields.varint()
            sequence, file.lost = sequence + count, file.lost + count
        elif kind == 0:
            if fields.varint() != sequence:
                raise BadFileError("sequence")
            file.packets.append((header["packet_frames"], fields.take(len(fields.data) - fields.at)))
            sequence += 1
        else:
            read_last(fields, file, sequence)
    if file.samples < 0:
        raise BadFileError("no end")
    return file


def records(data: Bytes, salt: bytes) -> Iterator[tuple[int, Bytes]]:
    while data.at < len(data.data):
        start = data.at
        key = data.varint()
        body = data.take(key // 4)
        salted = b"" if key % 4 == 2 else salt
        if crc32c(salted + data.data[start : data.at]) != data.number(4):
            raise BadFileError("record crc")
        yield key % 4, Bytes(body)


def read_header(fields: Bytes, version: int) -> dict:
    header: dict = {"fingerprint": fields.take(8), "tables": fields.take(4)}
    header["name"] = fields.take(fields.number(1)).decode()
    header["native_rate"], header["sample_rate"] = fields.rate(), fields.rate()
    header["channels"] = fields.number(1)
    header["hop"], header["delay"], header["packet_frames"] = (fields.varint() for _ in range(3))
    header["step"] = fields.number(1)
    header["gain_db"] = struct.unpack("<b", fields.take(1))[0] / 2
    samples = fields.number(5)
    header["samples"] = None if samples == 2**40 - 1 else samples
    pairs = header["channels"] * (header["channels"] - 1) // 2
    header["angles"] = [struct.unpack("<h", fields.take(2))[0] for _ in range(pairs)]
    header["salt"] = fields.take(4) if version == 2 else b""
    header["source_samples"] = fields.number(1) if version == 2 else 0
    header["coherence"] = fields.number(1) / 255 if version == 2 and fields.at < len(fields.data) else 0.0
    return header


def read_last(fields: Bytes, file: File, sequence: int) -> None:
    header = file.header
    number = fields.varint()
    if number // 2 != sequence:
        raise BadFileError("sequence")
    field, file.codes_checksum = fields.varint(), fields.number(4)
    file.samples = field - 1 if field else header["samples"]
    native = -(-file.samples * header["native_rate"] // header["sample_rate"])
    frames = -(-(native + header["delay"]) // header["hop"]) if file.samples else 0
    payload = fields.take(len(fields.data) - fields.at)
    if number % 2:
        file.lost += 1
    else:
        file.packets.append((frames - sequence * header["packet_frames"], payload))


def read_optional(fields: Bytes, file: File) -> None:
    if fields.varint() == 1:
        for _ in range(fields.varint()):
            key = fields.take(fields.varint()).decode()
            file.tags[key] = fields.take(fields.varint()).decode()


def read_arrays(path: Path) -> dict[str, tuple[list[int], list[int]]]:
    """Shape and values of the tables in a .safetensors file."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    arrays = {}
    for name, about in json.loads(data[8 : 8 + size]).items():
        if name.startswith("tables."):
            first, last = about["data_offsets"]
            code = {"U16": "H", "I32": "i"}[about["dtype"]]
            raw = data[8 + size + first : 8 + size + last]
            values = struct.unpack(f"<{len(raw) // struct.calcsize(code)}{code}", raw)
            arrays[name.removeprefix("tables.")] = (about["shape"], list(values))
    return arrays


def tables_digest(arrays: dict[str, tuple[list[int], list[int]]]) -> bytes:
    shape, counts = arrays["counts"]
    data = struct.pack("<4i", *shape) + struct.pack(f"<{len(counts)}H", *counts)
    for name in ("mean", "scale", "floor", "thresholds", "symbol"):
        values = arrays[name][1]
        data += struct.pack(f"<{len(values)}i", *values)
    return hashlib.sha256(data).digest()[:4]
