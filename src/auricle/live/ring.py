"""A queue of samples between two threads of which none ever waits for the other."""

from typing import final

import numpy as np


@final
class SampleRing:
    """Samples ``(t, c)`` in a fixed piece of memory, for one thread that writes and one that reads.

    Each side moves a count of its own that the other one reads, so there is no lock and nothing is allocated.

    Args:
        channels: c.
        capacity: samples per channel that it holds at most.
    """

    def __init__(self, channels: int, capacity: int):
        self._memory = np.zeros((capacity, channels), np.float32)
        self._capacity = capacity
        self._written = self._read = 0

    @property
    def available(self) -> int:
        """Samples that can be read."""
        return self._written - self._read

    @property
    def free(self) -> int:
        """Samples that can be written."""
        return self._capacity - self.available

    def write(self, block: np.ndarray) -> int:
        """Take as many samples of ``(t, c)`` as fit, and tell how many."""
        count = min(len(block), self.free)
        start = self._written % self._capacity
        first = min(count, self._capacity - start)
        self._memory[start : start + first] = block[:first]
        self._memory[: count - first] = block[first:count]
        self._written += count
        return count

    def read_into(self, block: np.ndarray) -> int:
        """Fill as much of ``(t, c)`` as there is, and tell how much."""
        count = min(len(block), self.available)
        start = self._read % self._capacity
        first = min(count, self._capacity - start)
        block[:first] = self._memory[start : start + first]
        block[first:count] = self._memory[: count - first]
        self._read += count
        return count

    def skip(self, most: int) -> int:
        """Leave out so many samples, or what there is, and tell how many."""
        count = min(most, self.available)
        self._read += count
        return count
