"""Sounds as features need them: one channel, one rate, pieces of a length that memory can hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from auricle.audio import AudioReader, Resampler

LONGEST_SECONDS = 30.0
"""A longer sound is cut into pieces of this length, and its features are the mean of theirs."""
_LONELY = 0.01  # where the mean of all channels has less of their power than this, they cancel each other out


class Piece(NamedTuple):
    """A piece of a sound: float32 ``(t,)``, and the second at which it begins."""

    audio: np.ndarray
    start: float


def mixed(audio: np.ndarray) -> np.ndarray:
    """Channels ``(c, t)`` to one ``(t,)``: their mean, or the loudest where they cancel each other out."""
    if audio.shape[0] == 1:
        return audio[0]
    mean, powers = audio.mean(axis=0), np.square(audio).mean(axis=1)
    return audio[int(powers.argmax())] if np.square(mean).mean() < _LONELY * powers.mean() else mean


def pieces(
    path: Path, rate: int, *, seconds: float = LONGEST_SECONDS, hop_seconds: float | None = None
) -> Iterator[Piece]:
    """Read a file in pieces at another rate, with flat memory.

    Args:
        path: the file.
        rate: of the pieces, in Hz.
        seconds: length of a piece; the last may be shorter, but where pieces do not overlap a rest of less than half a
            piece is left out.
        hop_seconds: from the start of a piece to that of the next; by default their length.

    Raises:
        AudioError: the file can't be read.
    """
    length = max(1, round(seconds * rate))
    hop = max(1, round((hop_seconds or seconds) * rate))
    held, first, fresh = np.zeros(0, np.float32), 0, 0
    for block in _resampled(path, rate):
        held = np.concatenate((held, block))
        fresh += len(block)
        while len(held) >= length:
            yield Piece(held[:length], first / rate)
            held, first, fresh = held[hop:], first + hop, max(0, len(held) - length)
    if len(held) and fresh and (first == 0 or 2 * len(held) >= length):
        yield Piece(held, first / rate)


def _resampled(path: Path, rate: int) -> Iterator[np.ndarray]:
    with AudioReader(path) as reader:
        resampler = Resampler(reader.sample_rate, rate, reader.channels)
        for block in reader.blocks(reader.sample_rate):
            yield mixed(resampler.push(block))
        yield mixed(resampler.flush())
