"""Sounds as training reads them: decoded once, at one sample rate, as int16."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from auricle.audio import AudioReader, Resampler
from auricle.data.scan import Rejected
from auricle.errors import AudioError, DataError

MAX_CHANNELS = 2
"""Channels of a sound that are kept: the first ones."""
# One int16 unit is 2^-14: full scale is stored at half range, so that the overshoot of resampled loud music
# and of float recordings survives (`auricle.audio.MAX_PEAK`); the rounding noise, 95 dB below full scale, is far below
# any codec's.
UNIT = 2.0**-14
_BLOCK = 1 << 17


class DecodedSounds(ABC):
    """The decoded sounds of a corpus: a cache beside a run, or a corpus in shards.

    Attributes:
        names: name (path relative to the folder of the sounds) of each sound.
        lengths: int64, samples per channel of each sound.
        sample_rate: in Hz.
        rejected: sounds that could not be decoded, and why.
    """

    names: Sequence[str]
    lengths: np.ndarray
    sample_rate: int
    rejected: tuple[Rejected, ...]

    @property
    @abstractmethod
    def key(self) -> str:
        """Short text that tells these sounds from others."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of sounds."""

    @abstractmethod
    def rows(self, index: int, start: int, count: int) -> np.ndarray:
        """Return int16 ``(n, channels)`` of a sound from sample ``start`` on, n less than ``count`` where it ends.

        Raises:
            DataError: the sound has changed since it was written, or can't be read.
        """

    @abstractmethod
    def channels(self, index: int) -> int:
        """Return how many channels a sound has here."""

    @abstractmethod
    def fingerprints(self) -> Mapping[str, int]:
        """Checksums by name of what is learned from: of sounds, or of shards of them."""

    @property
    def seconds(self) -> float:
        """Total length in seconds."""
        return float(self.lengths.sum()) / self.sample_rate

    @property
    def is_silent(self) -> bool:
        """Whether no sound holds anything above -84 dB; mostly a look at the first one says that one does."""
        blocks = (
            self.rows(index, start, _BLOCK)
            for index in range(len(self))
            for start in range(0, int(self.lengths[index]), _BLOCK)
        )
        return all(block.max(initial=0) <= 1 and block.min(initial=0) >= -1 for block in blocks)

    def require_audible(self) -> None:
        """Refuse silence.

        Raises:
            DataError: it is all there is.
        """
        if self.is_silent:
            raise DataError(
                f"all {len(self)} sounds to learn from are silent (nothing above -84 dB), the first is "
                f"{self.names[0]}: name sounds that can be heard"
            )

    def crop(self, index: int, start: int, length: int) -> np.ndarray:
        """Return float32 ``(c, length)`` of a sound from sample ``start`` on, with zeros after its end."""
        stored = self.rows(index, start, length)
        crop = np.zeros((stored.shape[1], length), np.float32)
        np.multiply(stored.T, np.float32(UNIT), out=crop[:, : len(stored)], casting="unsafe")
        return crop

    def sound(self, index: int) -> np.ndarray:
        """Return a whole sound, float32 ``(c, t)``."""
        return self.crop(index, 0, int(self.lengths[index]))


def write_decoded(source: Path, file: BinaryIO, sample_rate: int, max_channels: int) -> tuple[int, int]:
    """Write the samples of a sound, int16 ``(t, channels)``, and return length and channels.

    Raises:
        AudioError: it can't be read, or holds no samples.
    """
    with AudioReader(source) as reader:
        channels = min(reader.channels, max_channels)
        resampler = Resampler(reader.sample_rate, sample_rate, channels)
        length = 0
        for block in _blocks(reader):
            length += _write_block(resampler.push(block[:channels]), file)
        length += _write_block(resampler.flush(), file)
    if length == 0:
        raise AudioError(f"{source} holds no samples: replace it")
    return length, channels


def _blocks(reader: AudioReader) -> Iterator[np.ndarray]:
    """The blocks of a sound; a file that goes away while it is read is a fault of the sound, not of the cache."""
    try:
        yield from reader.blocks(_BLOCK)
    except OSError as error:
        raise AudioError(f"can't read {reader.info.path}: {error.strerror or error}") from error


def _write_block(block: np.ndarray, file: BinaryIO) -> int:
    file.write(stored_samples(block))
    return block.shape[1]


def stored_samples(block: np.ndarray) -> bytes:
    """Float ``(c, t)`` as it is stored, int16 ``(t, c)``."""
    units = np.clip(np.rint(block.T * np.float32(1 / UNIT)), -(2**15), 2**15 - 1)
    return units.astype("<i2", order="C").tobytes()
