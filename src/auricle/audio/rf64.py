"""RF64: WAV beyond 4 GiB.

Source: EBU Tech 3306 (RF64), 2009.
"""

import struct
from pathlib import Path
from typing import BinaryIO

LARGEST_WAV = 0xFFFF_FFFF
"""Bytes of a WAV file that its 32-bit sizes can say; they count from byte 8 on."""
_DS64_BYTES = 28
RF64_EXTRA_BYTES = 8 + _DS64_BYTES
"""By which an RF64 file is longer than a WAV file of the same sound."""
_AT = 12  # ds64 is the first chunk, right behind "RF64", a size that is not used, and "WAVE"
_CHUNK_BYTES = 1 << 24


def rf64_start(file_bytes: int, data_bytes: int, frames: int) -> bytes:
    """The first 48 bytes of a file of ``file_bytes`` in all: everything up to the format chunk."""
    sizes = struct.pack("<QQQI", file_bytes - 8, data_bytes, frames, 0)
    return struct.pack("<4sI4s4sI", b"RF64", LARGEST_WAV, b"WAVE", b"ds64", _DS64_BYTES) + sizes


def is_beyond_wav(path: Path) -> bool:
    """Whether a file is too large for the sizes in a WAV file."""
    return path.stat().st_size - 8 > LARGEST_WAV


def to_rf64(path: Path, frames: int, frame_bytes: int) -> None:
    """Turn a WAV file whose sizes have overflowed into RF64, in its place.

    Args:
        path: as libsndfile writes it: all samples are there, in the one chunk ``data``.
        frames: how many were written.
        frame_bytes: bytes of each.
    """
    size = path.stat().st_size
    with path.open("r+b") as file:
        data_at = _data_chunk(file)
        _shift(file, _AT, size)
        file.seek(0)
        file.write(rf64_start(size + RF64_EXTRA_BYTES, frames * frame_bytes, frames))
        file.seek(data_at + RF64_EXTRA_BYTES + 4)
        file.write(LARGEST_WAV.to_bytes(4, "little"))


def _data_chunk(file: BinaryIO) -> int:
    """Where the chunk of samples begins."""
    at = _AT
    while True:
        file.seek(at)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return at
        at += 8 + size + size % 2


def _shift(file: BinaryIO, start: int, stop: int) -> None:
    """Move what lies between two offsets up, to make room for a chunk; from the end on, so that nothing is lost."""
    while stop > start:
        begin = max(start, stop - _CHUNK_BYTES)
        file.seek(begin)
        data = file.read(stop - begin)
        file.seek(begin + RF64_EXTRA_BYTES)
        file.write(data)
        stop = begin
