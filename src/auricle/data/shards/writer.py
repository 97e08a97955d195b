"""A shard: a WebDataset tar file of WAV sounds, and at its end the index of their places.

Format: https://github.com/webdataset/webdataset (members of one sample share the name up to its first dot; members
between double underscores are passed over).
"""

import io
import json
import os
import struct
import tarfile
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Self, final

from auricle.data.checksum import ChecksummedFile
from auricle.data.decoded import UNIT, write_decoded
from auricle.data.shards.index import ShardIndex

INDEX_MEMBER = "__index__"
_WAV_HEADER, _LARGEST = 44, 0xFFFFFFFF
_COPIED = 1 << 20


@final
class ShardWriter:
    """Writes one shard; a context manager. Equal sounds in equal order make equal bytes.

    Args:
        path: the file to write, which is replaced.
        number: of the shard.
        sample_rate: of its sounds, in Hz.
        max_channels: that are kept of each.
    """

    def __init__(self, path: Path, number: int, sample_rate: int, max_channels: int) -> None:
        self._file, self._number = path.open("wb"), number
        self._out = ChecksummedFile(self._file)
        self._sample_rate, self._max_channels = sample_rate, max_channels
        self._rows: list[tuple[str, int, int, int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, source: Path, name: str, modified: int) -> float:
        """Decode a sound into the shard, and return its length in seconds; nothing is written if that fails.

        Args:
            source: the file.
            name: what it is called in the corpus.
            modified: when it was, in seconds since 1970.

        Raises:
            AudioError: it can't be read, or holds no samples.
        """
        with TemporaryFile(prefix="auricle-") as samples:
            length, channels = write_decoded(source, samples, self._sample_rate, self._max_channels)
            samples.seek(0)
            key = f"{self._number:06d}-{len(self._rows):06d}"
            size = 2 * channels * length
            facts = {"name": name, "sample_rate": self._sample_rate, "frames": length, "gain": 1 / UNIT / 2**15}
            self._member(f"{key}.json", io.BytesIO(json.dumps(facts).encode("ascii")), modified)
            self._head(f"{key}.wav", _WAV_HEADER + size, modified)
            self._out.write(_wav_header(size, self._sample_rate, channels))
            offset = self._out.tell()
            self._out.take_checksum()
            self._copy(samples)
            self._rows.append((name, offset, length, channels, self._out.take_checksum()))
            self._pad()
        return length / self._sample_rate

    def finish(self) -> tuple[int, int]:
        """Write the index and the end, and return where the index lies: its first byte and its size."""
        index = ShardIndex.of_rows(self._rows, self._number).to_bytes()
        self._head(INDEX_MEMBER, len(index), 0)
        place = (self._out.tell(), len(index))
        self._out.write(index)
        self._pad()
        self._out.write(bytes(2 * tarfile.BLOCKSIZE))
        self._out.finish()
        return place

    def _member(self, name: str, data: BinaryIO, modified: int) -> None:
        self._head(name, data.seek(0, os.SEEK_END), modified)
        data.seek(0)
        self._copy(data)
        self._pad()

    def _head(self, name: str, size: int, modified: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime = size, modified
        self._out.write(info.tobuf(tarfile.GNU_FORMAT))  # sizes beyond 8 GB too

    def _copy(self, source: BinaryIO) -> None:
        while data := source.read(_COPIED):
            self._out.write(data)

    def _pad(self) -> None:
        self._out.write(bytes(-self._out.tell() % tarfile.BLOCKSIZE))


def _wav_header(size: int, sample_rate: int, channels: int) -> bytes:
    """Of 16 bits; beyond 4 GB it says "to the end", as streams do."""
    width = 2 * channels
    form = struct.pack("<4sI4s", b"RIFF", min(_LARGEST, size + _WAV_HEADER - 8), b"WAVE")
    shape = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, sample_rate, sample_rate * width, width, 16)
    return form + shape + struct.pack("<4sI", b"data", min(_LARGEST, size))
