"""A minute of a sound, spread evenly over it: enough to measure what a whole file will be like."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from auricle.audio import AudioReader

WHOLE_SECONDS = 60
STRETCHES = 15
STRETCH_SECONDS = WHOLE_SECONDS // STRETCHES


def count_samples(source: Path) -> int:
    """Samples per channel of a file; one whose header can't be relied on is decoded to count them.

    Raises:
        AudioError: the file can't be read.
    """
    with AudioReader(source) as reader:
        if reader.info.exact:
            return reader.frames
        return sum(block.shape[1] for block in reader.blocks(reader.sample_rate))


def is_short(samples: int, sample_rate: int) -> bool:
    """Whether a sound is looked at whole."""
    return samples <= WHOLE_SECONDS * sample_rate


class Piece(NamedTuple):
    """A block ``(c, t)`` of a stretch, and whether the stretch ends with it."""

    audio: np.ndarray
    last: bool


def stretches(source: Path, samples: int) -> Iterator[Piece]:
    """Yield the whole file up to 60 s, else 15 evenly spaced stretches of 4 s, in pieces of at most a second.

    Args:
        source: an audio file.
        samples: how many it has per channel.

    Raises:
        AudioError: the file can't be read.
    """
    with AudioReader(source) as reader:
        rate = reader.sample_rate
        length = samples if is_short(samples, rate) else STRETCH_SECONDS * rate
        count = 1 if length == samples else STRETCHES
        starts = [index * (samples - length) // max(1, count - 1) for index in range(count)]
        at = 0
        for block in reader.blocks(rate):
            end = at + block.shape[1]
            while starts and starts[0] < end:
                stop = starts[0] + length
                yield Piece(block[:, max(0, starts[0] - at) : stop - at], stop <= end)
                if stop > end:
                    break
                starts.pop(0)
            at = end
