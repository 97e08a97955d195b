"""Where a sound to compress comes from: a file or an array, which can be read again, or a pipe, which can't."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, NamedTuple, final

import numpy as np

from auricle.audio import AudioReader, AudioSource
from auricle.codec.format.header import SourceSamples
from auricle.open_files import binary_stream, stream_name

MEASURED_SECONDS = 60
EXCERPTS = 15
PIPE_SECONDS = 0.05
"""A pipe is read in blocks of this length: longer ones would add to its latency."""
EXCERPT_SECONDS = MEASURED_SECONDS // EXCERPTS


class ExcerptBlock(NamedTuple):
    """A block ``(c, t)`` of an excerpt, and whether the excerpt ends with it."""

    audio: np.ndarray
    last: bool


class SoundSource(ABC):
    """A sound of ``channels`` channels at ``sample_rate`` Hz.

    Attributes:
        samples: per channel; None where only the end tells.
        rereadable: whether `blocks` can be called more than once.
        tags: words about the sound.
        warnings: where sound may be missing, when all has been read.
        source_samples: what the samples of a file were.
    """

    sample_rate: int
    channels: int
    samples: int | None
    rereadable: bool
    tags: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    source_samples: SourceSamples = SourceSamples.UNKNOWN

    @property
    @abstractmethod
    def is_short(self) -> bool:
        """Whether `excerpts` are all of the sound."""

    @abstractmethod
    def first_minute(self) -> Iterable[np.ndarray]:
        """Blocks ``(c, t)`` of the first minute: what the rotation of channels is fitted to."""

    @abstractmethod
    def excerpts(self) -> Iterator[ExcerptBlock]:
        """Enough of the sound to measure what a file of it will be like: a minute, or all if it is shorter."""

    @abstractmethod
    def blocks(self) -> Iterator[np.ndarray]:
        """The whole sound in blocks ``(c, t)`` of at most a second.

        Raises:
            AudioError: it can't be read.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open."""


@final
class RereadableSource(SoundSource):
    """A file, or a sound in memory: its blocks can be had again and again.

    Args:
        source: a path, or ``(audio, sample_rate)``.
        untrusted: decode a file in a process of its own, with limits.

    Raises:
        AudioError: it can't be read.
        OptionError: it is nothing to read from.
    """

    rereadable = True

    def __init__(self, source: AudioSource, *, untrusted: bool = False):
        self._source, self._untrusted = source, untrusted
        with self._open() as reader:
            self.sample_rate, self.channels, self.tags = reader.sample_rate, reader.channels, reader.tags
            frames = reader.frames if reader.info.exact else None
            self.source_samples = SourceSamples(reader.info.bits)
        self.samples = self._length = sum(b.shape[1] for b in self.blocks()) if frames is None else frames

    @property
    def is_short(self) -> bool:
        """Whether it lasts a minute at most."""
        return self._length <= MEASURED_SECONDS * self.sample_rate

    def first_minute(self) -> Iterable[np.ndarray]:
        """The first minute, read anew."""
        return _beginning(self.blocks(), MEASURED_SECONDS * self.sample_rate)

    def excerpts(self) -> Iterator[ExcerptBlock]:
        """The whole sound up to 60 s, else 15 evenly spaced excerpts of 4 s."""
        length = self._length if self.is_short else EXCERPT_SECONDS * self.sample_rate
        count = 1 if self.is_short else EXCERPTS
        starts = [index * (self._length - length) // max(1, count - 1) for index in range(count)]
        at = 0
        for block in self.blocks():
            end = at + block.shape[1]
            while starts and starts[0] < end:
                stop = starts[0] + length
                yield ExcerptBlock(block[:, max(0, starts[0] - at) : stop - at], stop <= end)
                if stop > end:
                    break
                starts.pop(0)
            at = end

    def blocks(self) -> Iterator[np.ndarray]:
        """The sound, from its start each time."""
        with self._open() as reader:
            yield from reader.blocks(reader.sample_rate)
            self.warnings = reader.warnings

    def close(self) -> None:
        """Nothing stays open between passes."""

    def _open(self) -> AudioReader:
        return AudioReader(self._source, untrusted=self._untrusted)


@final
class PipeSource(SoundSource):
    """A sound that comes once, in any format that `auricle.audio.AudioReader.from_stream` takes.

    Raises:
        AudioError: it is not audio.
    """

    rereadable = False
    samples = None

    def __init__(self, stream: BinaryIO, *, untrusted: bool = False):
        self._reader = AudioReader.from_stream(stream, stream_name(stream, "standard input"), untrusted=untrusted)
        self.sample_rate, self.channels, self.tags = self._reader.sample_rate, self._reader.channels, self._reader.tags
        self.source_samples = SourceSamples(self._reader.info.bits)
        self._unread = self._reader.blocks(round(PIPE_SECONDS * self.sample_rate))
        self._minute: list[np.ndarray] | None = None

    @property
    def is_short(self) -> bool:
        """Whether the first minute was all."""
        return sum(block.shape[1] for block in self.first_minute()) < MEASURED_SECONDS * self.sample_rate

    def first_minute(self) -> list[np.ndarray]:
        """The first minute, which stays in memory from the first call on."""
        if self._minute is None:
            self._minute = list(_beginning(self._unread, MEASURED_SECONDS * self.sample_rate))
            self.warnings = self._reader.warnings  # of a short sound nothing else is read
        return self._minute

    def excerpts(self) -> Iterator[ExcerptBlock]:
        """The first minute as one excerpt."""
        minute = self.first_minute()
        for number, block in enumerate(minute, 1):
            yield ExcerptBlock(block, number == len(minute))

    def blocks(self) -> Iterator[np.ndarray]:
        """The first minute, if it is in memory, and what has not been read; call once."""
        yield from self._minute or ()
        yield from self._unread
        self.warnings = self._reader.warnings

    def close(self) -> None:
        """Let go of the reader; the pipe stays open."""
        self._reader.close()


def open_source(source: AudioSource, *, untrusted: bool) -> SoundSource:
    """What `auricle.compress` was given.

    Raises:
        AudioError: it can't be read.
        OptionError: it is nothing to read from.
    """
    if callable(getattr(source, "read", None)):
        return PipeSource(binary_stream(source), untrusted=untrusted)
    return RereadableSource(source, untrusted=untrusted)


def _beginning(blocks: Iterator[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    count = 0
    while count < samples and (block := next(blocks, None)) is not None:
        count += block.shape[1]
        yield block
