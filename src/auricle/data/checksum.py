"""CRC-32C of what caches hold, sound by sound: damage is noticed before it teaches a model something."""

import os
from typing import BinaryIO, final

import google_crc32c
import numpy as np

_BLOCK = 1 << 24


@final
class ChecksummedFile:
    """A file being written, summed on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._checksum, self._size = file, 0, 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._checksum, self._size = google_crc32c.extend(self._checksum, data), self._size + len(data)

    def take_checksum(self) -> int:
        """The checksum of what was written since the last call."""
        checksum, self._checksum = self._checksum, 0
        return checksum

    def finish(self) -> None:
        """Bring everything to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def tell(self) -> int:
        """Bytes written so far."""
        return self._size


def array_checksum(values: np.ndarray) -> int:
    """The checksum of an array's bytes in C order, which may be mapped: it is read in blocks."""
    data, checksum = np.ascontiguousarray(values).reshape(-1).view(np.uint8), 0
    for start in range(0, data.size, _BLOCK):
        checksum = google_crc32c.extend(checksum, data[start : start + _BLOCK].tobytes())
    return checksum
