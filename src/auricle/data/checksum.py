"""Checksums of a large file of samples, piece by piece, so that a huge one can be checked by a part of it."""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, final

PIECE = 1 << 24
"""Bytes that share one checksum (CRC-32)."""
CHECKED = 1 << 31
"""Bytes that a check reads at most: CRC-32 runs at 1 to 3 GB a second, so it takes about a second."""


@final
class SummedFile:
    """A file being written, summed on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._sums, self._current, self._filled = file, [], 0, 0

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)
        rest = memoryview(data)
        while rest:
            part, rest = rest[: PIECE - self._filled], rest[PIECE - self._filled :]
            self._current, self._filled = zlib.crc32(part, self._current), self._filled + len(part)
            if self._filled == PIECE:
                self._sums.append(self._current)
                self._current = self._filled = 0

    def finish(self) -> list[int]:
        """Bring everything to the disk; return the checksum of each piece."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return [*self._sums, self._current] if self._filled else list(self._sums)

    def tell(self) -> int:
        """Bytes written so far."""
        return len(self._sums) * PIECE + self._filled


def damaged_piece(path: Path, sums: Sequence[int], *, most: int = CHECKED) -> int | None:
    """Return the number of a piece of ``path`` that has changed, or None.

    All pieces are read if they are at most ``most`` bytes; else as many as that, evenly spread, with the first and
    the last.

    Raises:
        OSError: the file can't be read.
    """
    count = min(len(sums), max(2, most // PIECE))
    chosen = range(len(sums)) if count == len(sums) else [i * (len(sums) - 1) // (count - 1) for i in range(count)]
    with path.open("rb") as file:
        for index in chosen:
            file.seek(index * PIECE)
            if zlib.crc32(file.read(PIECE)) != sums[index]:
                return index
    return None
