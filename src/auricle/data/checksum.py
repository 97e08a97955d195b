"""Checksums of a large file of samples, piece by piece, so that a huge one can be checked by a part of it."""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, final

PIECE = 1 << 24
"""Bytes that share one checksum (CRC-32)."""
MAX_CHECKED_BYTES = 1 << 31
"""Bytes that a check reads at most: CRC-32 runs at 1 to 3 GB a second, so it takes about a second."""


@final
class ChecksummedFile:
    """A file being written, summed on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._checksums, self._current, self._filled = file, [], 0, 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        remaining = memoryview(data)
        while remaining:
            part, remaining = remaining[: PIECE - self._filled], remaining[PIECE - self._filled :]
            self._current, self._filled = zlib.crc32(part, self._current), self._filled + len(part)
            if self._filled == PIECE:
                self._checksums.append(self._current)
                self._current = self._filled = 0

    def finish(self) -> list[int]:
        """Bring everything to the disk; return the checksum of each piece."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return [*self._checksums, self._current] if self._filled else list(self._checksums)

    def tell(self) -> int:
        """Bytes written so far."""
        return len(self._checksums) * PIECE + self._filled


def damaged_piece(path: Path, sums: Sequence[int], *, max_bytes: int = MAX_CHECKED_BYTES) -> int | None:
    """Return the number of a piece of ``path`` that has changed, or None.

    All pieces are read if they are at most ``max_bytes`` bytes; else as many as that, evenly spread, with the first and
    the last.

    Raises:
        OSError: the file can't be read.
    """
    count = min(len(sums), max(2, max_bytes // PIECE))
    pieces = range(len(sums)) if count == len(sums) else [i * (len(sums) - 1) // (count - 1) for i in range(count)]
    with path.open("rb") as file:
        for index in pieces:
            file.seek(index * PIECE)
            if zlib.crc32(file.read(PIECE)) != sums[index]:
                return index
    return None
