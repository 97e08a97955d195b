"""Where a sound to compress comes from: a file or an array, which can be read again, or a pipe, which can't."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NamedTuple, final

import numpy as np

from auricle.audio import AudioReader
from auricle.audio.samples import check_samples
from auricle.codec.format.header import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, SourceSamples
from auricle.errors import AudioError, OptionError

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
        warnings: where sound may be missing, when `blocks` has ended.
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


class RereadableSource(SoundSource):
    """A sound of known length whose blocks can be had again and again."""

    rereadable = True
    _length: int

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

    def close(self) -> None:
        """Nothing stays open between passes."""


@final
class FileSource(RereadableSource):
    """A file.

    Args:
        path: of the file.
        untrusted: decode it in a process of its own, with limits.

    Raises:
        AudioError: it can't be read.
    """

    def __init__(self, path: Path, *, untrusted: bool = False):
        self._path, self._untrusted = path, untrusted
        with self._open() as reader:
            self.sample_rate, self.channels, self.tags = reader.sample_rate, reader.channels, reader.tags
            frames = reader.frames if reader.info.exact else None
            self.source_samples = SourceSamples(reader.info.bits)
        self.samples = self._length = sum(b.shape[1] for b in self.blocks()) if frames is None else frames

    def blocks(self) -> Iterator[np.ndarray]:
        """The file, from its start each time."""
        with self._open() as reader:
            yield from reader.blocks(reader.sample_rate)
            self.warnings = reader.warnings

    def _open(self) -> AudioReader:
        return AudioReader(self._path, untrusted=self._untrusted)


@final
class ArraySource(RereadableSource):
    """A sound in memory.

    Args:
        audio: floats ``(c, t)``, or ``(t,)`` for one channel.
        sample_rate: in Hz.

    Raises:
        AudioError: another shape or type, a rate or number of channels that files can't have, or a sample that is not
            finite or far beyond full scale.
    """

    def __init__(self, audio: np.ndarray, sample_rate: int):
        if not isinstance(audio, np.ndarray) or audio.dtype.kind != "f":
            kind = audio.dtype if isinstance(audio, np.ndarray) else type(audio).__name__
            raise AudioError(f"audio of {kind}: give a numpy array of floats; divide int16 by 32768")
        with np.errstate(over="ignore"):
            self._audio = np.atleast_2d(audio).astype(np.float32)
        if self._audio.ndim != 2 or not 1 <= len(self._audio) <= MAX_CHANNELS:
            raise AudioError(f"audio of shape {audio.shape}: give (c, t), 1 to {MAX_CHANNELS} channels first")
        if not isinstance(sample_rate, int | np.integer) or not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
            raise AudioError(f"audio at {sample_rate} Hz: give an integer from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}")
        check_samples(self._audio, "the audio", sample_rate)
        self.sample_rate, self.channels, self.tags = int(sample_rate), len(self._audio), {}
        self.samples = self._length = self._audio.shape[1]

    def blocks(self) -> Iterator[np.ndarray]:
        """Seconds of the array."""
        for start in range(0, self._length, self.sample_rate):
            yield self._audio[:, start : start + self.sample_rate]


@final
class PipeSource(SoundSource):
    """A sound that comes once, in any format that `auricle.audio.AudioReader.from_stream` takes.

    Raises:
        AudioError: it is not audio.
    """

    rereadable = False
    samples = None

    def __init__(self, stream: BinaryIO, *, untrusted: bool = False):
        self._reader = AudioReader.from_stream(stream, untrusted=untrusted)
        self.sample_rate, self.channels, self.tags = self._reader.sample_rate, self._reader.channels, self._reader.tags
        self.source_samples = SourceSamples(self._reader.info.bits)
        self._blocks = self._reader.blocks(round(PIPE_SECONDS * self.sample_rate))

    @property
    def is_short(self) -> bool:
        """Whether the first minute was all."""
        return sum(block.shape[1] for block in self._minute) < MEASURED_SECONDS * self.sample_rate

    def first_minute(self) -> Iterable[np.ndarray]:
        """The first minute, which is kept."""
        return self._minute

    def excerpts(self) -> Iterator[ExcerptBlock]:
        """The first minute, which is kept."""
        for number, block in enumerate(self._minute, 1):
            yield ExcerptBlock(block, number == len(self._minute))

    def blocks(self) -> Iterator[np.ndarray]:
        """What was kept, then the rest; call once."""
        yield from self.__dict__.get("_minute", ())
        yield from self._blocks
        self.warnings = self._reader.warnings

    def close(self) -> None:
        """Let go of the reader; the pipe stays open."""
        self._reader.close()

    @cached_property
    def _minute(self) -> list[np.ndarray]:
        return list(_beginning(self._blocks, MEASURED_SECONDS * self.sample_rate))


def open_source(source: Path | str | BinaryIO | tuple[np.ndarray, int], *, untrusted: bool) -> SoundSource:
    """What `auricle.compress` was given.

    Raises:
        AudioError: it can't be read.
        OptionError: it is nothing to read from.
    """
    if isinstance(source, Path | str):
        return FileSource(Path(source), untrusted=untrusted)
    if isinstance(source, np.ndarray):
        raise OptionError("an array without its sample rate: give (audio, sample_rate), as auricle.read returns them")
    if isinstance(source, tuple):
        if len(source) != 2:
            raise OptionError(
                f"a sound of {len(source)} values: give (audio, sample_rate), as auricle.read returns them"
            )
        return ArraySource(*source)
    if not callable(getattr(source, "read", None)):
        raise OptionError(f"a sound of {type(source).__name__}: give a path, an open file or (audio, sample_rate)")
    return PipeSource(source, untrusted=untrusted)


def _beginning(blocks: Iterator[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    count = 0
    while count < samples and (block := next(blocks, None)) is not None:
        count += block.shape[1]
        yield block
