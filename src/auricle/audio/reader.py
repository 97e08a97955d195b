"""Audio files in: whole, or block by block with flat memory.

Samples are float32 ``(c, t)``, full scale at -1 and 1 (float files may exceed it).
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast, final

import numpy as np

from auricle.audio.formats.array import ArrayDecoder, HeldAudio
from auricle.audio.formats.base import AudioDecoder, AudioInfo
from auricle.audio.opening import RewindablePipe, SpooledDecoder, open_file, open_pipe
from auricle.audio.samples import check_samples
from auricle.audio.sandbox.decoder import ChildDecoder
from auricle.audio.sandbox.limits import (
    TRUSTED_LIMITS,
    UNTRUSTED_LIMITS,
    AudioLimits,
    check_length,
    check_whole,
)
from auricle.errors import AudioError, OptionError
from auricle.open_files import binary_stream, put_back, stream_name
from auricle.options.field_types import check_arguments

_BLOCK = 1 << 18
AudioSource = str | PathLike[str] | BinaryIO | tuple[np.ndarray, int] | HeldAudio
"""A path; an open binary file, which is read from where it stands and is not closed; or a sound in memory as `read`
gives it, ``(audio, sample_rate)``: floats ``(c, t)`` or ``(t,)``, and Hz."""


def info(source: AudioSource, *, limits: AudioLimits | None = None, untrusted: bool = False) -> AudioInfo:
    """Read the header of an audio file; arguments and errors are those of `AudioReader`.

    An open file that can seek is left where it stood.
    """
    with _left_in_place(source), AudioReader(source, limits=limits, untrusted=untrusted) as reader:
        return reader.info


def tags(source: AudioSource, *, limits: AudioLimits | None = None, untrusted: bool = False) -> dict[str, str]:
    """Read the tags of an audio file, as `AudioReader.tags`; arguments and errors are those of `AudioReader`.

    An open file that can seek is left where it stood.
    """
    with _left_in_place(source), AudioReader(source, limits=limits, untrusted=untrusted) as reader:
        return reader.tags


def _left_in_place(source: AudioSource) -> AbstractContextManager[None]:
    stream = _stream_of(source)
    return nullcontext() if stream is None else put_back(stream)


@check_arguments()
def read(source: AudioSource, *, limits: AudioLimits | None = None, untrusted: bool = False) -> tuple[np.ndarray, int]:
    """Read a whole audio file, by its path or open: float32 ``(c, t)`` and its sample rate in Hz.

    Raises:
        AudioError: as `AudioReader`; or the file is cut short or damaged, a sample is NaN or infinite, or the sound is
            too long to be held in memory (``limits.whole_bytes``).
        OptionError: as `AudioReader`.
    """
    with AudioReader(source, limits=limits, untrusted=untrusted) as reader:
        return reader.read_all(), reader.sample_rate


@final
class AudioReader:
    """A file read block by block, in flat memory. A sound of no samples is legal: it yields no block.

    Args:
        source: the file: its path, or an open binary file (an upload, `io.BytesIO`, a pipe), as for `from_stream`; or
            a sound in memory, ``(audio, sample_rate)``.
        limits: bounds on the sound; ``TRUSTED_LIMITS`` by default, or ``UNTRUSTED_LIMITS`` if the file is.
        untrusted: decode in a child process that has no more time, memory and rights than it needs.

    Raises:
        AudioError: the file is missing, a folder, empty, not audio, visibly cut short, has more than 8 channels, a
            sample rate outside 8000 to 192000 Hz, or is beyond the limits. Damage inside is found by `blocks`.
        OptionError: this system can't confine a process; or the source is none of these.
    """

    @check_arguments()
    def __init__(self, source: AudioSource, *, limits: AudioLimits | None = None, untrusted: bool = False) -> None:
        limits = limits or (UNTRUSTED_LIMITS if untrusted else TRUSTED_LIMITS)
        if (held := _held(source)) is not None:
            self._attach(ArrayDecoder(held), None, limits)
        elif (stream := _stream_of(source)) is not None:
            self._attach(_open_stream(stream, Path(stream_name(stream)), limits, untrusted=untrusted), None, limits)
        else:
            self._attach(*_open(Path(cast("str", source)), limits, untrusted=untrusted), limits)

    @classmethod
    def from_stream(
        cls,
        stream: BinaryIO,
        name: str = "standard input",
        *,
        limits: AudioLimits | None = None,
        untrusted: bool = False,
    ) -> Self:
        """A sound from a pipe, read once and from where the stream stands. The stream is not closed.

        WAV (also RF64, with or without its length) and AU of plain samples come as they arrive; FLAC does where PyAV is
        installed. Every other format is stored in a temporary file first. Samples are those of the same bytes in a
        file. Of a WAV, tags are seen that come before the samples.

        Args:
            stream: an open binary file.
            name: what messages call it.
            limits: as above, and on the bytes that may be stored.
            untrusted: as above.

        Raises:
            AudioError: as above.
            OptionError: as above.
        """
        limits = limits or (UNTRUSTED_LIMITS if untrusted else TRUSTED_LIMITS)
        reader = cls.__new__(cls)
        reader._attach(_open_stream(stream, Path(name), limits, untrusted=untrusted), None, limits)
        return reader

    def _attach(self, decoder: AudioDecoder, file_bytes: int | None, limits: AudioLimits) -> None:
        self._decoder, self._info = decoder, decoder.info
        self._limits, self._file_bytes = limits, file_bytes
        if not self._info.exact:
            return
        try:
            check_length(self._info, self._info.frames, limits, file_bytes)
        except AudioError:
            decoder.close()
            raise

    @property
    def info(self) -> AudioInfo:
        """What the header of the file says."""
        return self._info

    @property
    def tags(self) -> dict[str, str]:
        """Title, artist and the like: at most 64, printable, each at most 4096 bytes of UTF-8.

        Names are lower case; those of ``title artist album date tracknumber genre comment copyright license software``
        are the same whatever the format.
        """
        return dict(self._decoder.tags)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where sound may be missing though all that is there can be read; complete when `blocks` has ended."""
        return tuple(self._decoder.warnings)

    @property
    def sample_rate(self) -> int:
        """Samples per second and channel."""
        return self._info.sample_rate

    @property
    def channels(self) -> int:
        """How many channels the sound has."""
        return self._info.channels

    @property
    def frames(self) -> int:
        """Samples per channel that the header promises; an estimate unless ``info.exact``."""
        return self._info.frames

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Yield float32 ``(c, t)`` from the start to the end, once; t is ``size`` but in the last block.

        Raises:
            AudioError: the file is cut short or damaged, or a sample is NaN or infinite.
            OptionError: ``size`` is not positive.
        """
        if size < 1:
            raise OptionError(f"a block size of {size} samples: give 1 or more")
        fault = self._decoder.damage()
        if fault is not None:
            raise AudioError(f"{self._info.path} is damaged ({fault}): replace it")
        frames_read = 0
        while (block := self._decoder.read(size)).shape[0]:
            check_samples(block.T, self._info.path, self.sample_rate, frames_read)
            frames_read += block.shape[0]
            self._check_promise(frames_read)
            check_length(self._info, frames_read, self._limits, self._file_bytes)
            yield np.ascontiguousarray(block.T)
        self._check_complete(frames_read)

    def read_all(self) -> np.ndarray:
        """All samples, float32 ``(c, t)``; in place of `blocks`.

        Raises:
            AudioError: as `blocks`; or they take more than ``limits.whole_bytes``.
        """
        is_certain = self._info.exact and self._file_bytes is not None  # a pipe's header may promise anything
        check_whole(self._info, self.frames if is_certain else 0, self._limits)
        blocks, frames_read = [np.zeros((self.channels, 0), np.float32)], 0
        for block in self.blocks(_BLOCK):
            frames_read += block.shape[1]
            check_whole(self._info, frames_read, self._limits)
            blocks.append(block)
        return np.concatenate(blocks, axis=1)

    def _check_promise(self, frames_read: int) -> None:
        if self._info.exact and frames_read > self.frames:
            raise AudioError(
                f"{self._info.path} holds more than the {self.frames} samples that its header promises, as if several "
                "files were joined: convert it to WAV with a tool that reads all of it"
            )

    def _check_complete(self, frames_read: int) -> None:
        tolerance = self._decoder.tolerance
        if tolerance is None or frames_read >= self.frames - tolerance:
            return
        raise AudioError(
            f"{self._info.path} is cut short (its header promises {self.frames} samples, {frames_read} are there): "
            "replace it, or convert it with a tool that repairs it"
        )

    def close(self) -> None:
        """Let go of the file, and of the child process if there is one."""
        self._decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def rereadable(source: AudioSource, name: str | None = None) -> Path | HeldAudio:
    """A source that can be opened as often as need be: a path and a sound in memory can; an open file is read whole.

    Args:
        source: anything that `AudioReader` takes.
        name: what messages call it, if it has no name of its own.

    Raises:
        AudioError: an open file can't be read, or would take too much memory.
        OptionError: the source is nothing to read from.
    """
    if (held := _held(source)) is not None:
        return held._replace(name=name or held.name)
    stream = _stream_of(source)
    if stream is None:
        return Path(cast("str", source))
    with AudioReader.from_stream(stream, stream_name(stream, name or "the open file")) as reader:
        return HeldAudio(reader.read_all(), reader.sample_rate, str(reader.info.path))


def source_path(source: Path | HeldAudio) -> Path:
    """The path of a file; of a sound in memory its name, as a path."""
    return source if isinstance(source, Path) else Path(source.name)


def _open(path: Path, limits: AudioLimits, *, untrusted: bool) -> tuple[AudioDecoder, int]:
    """A decoder for a file, and the file's size."""
    try:
        if path.is_dir():
            raise AudioError(f"{path} is a folder: name an audio file")
        size = path.stat().st_size
        if path.exists() and not path.is_file():
            raise AudioError(f"{path} is a device or a pipe: read it from standard input (-)")
        if size == 0:
            raise AudioError(f"{path} is empty (0 bytes): replace it")
        return (ChildDecoder(path, limits) if untrusted else open_file(path, limits)), size
    except FileNotFoundError as error:
        raise AudioError(f"{path} does not exist: check the name") from error
    except OSError as error:
        raise AudioError(f"can't read {path}: {error.strerror or error}") from error


def _open_stream(stream: BinaryIO, name: Path, limits: AudioLimits, *, untrusted: bool) -> AudioDecoder:
    if not untrusted:
        return open_pipe(stream, name, limits, partial(open_file, limits=limits))
    if _has_descriptor(stream):
        return ChildDecoder(name, limits, stream=stream)
    return SpooledDecoder(RewindablePipe(stream, name), name, limits, partial(ChildDecoder, limits=limits))


def _has_descriptor(stream: BinaryIO) -> bool:
    """Whether another process can go on where ``stream`` stands. What lies in memory has no descriptor."""
    try:
        descriptor = stream.fileno()
        if stream.seekable():
            os.lseek(descriptor, stream.tell(), os.SEEK_SET)  # a buffered file has read ahead
    except (OSError, AttributeError):
        return False
    return True


def _stream_of(source: AudioSource) -> BinaryIO | None:
    """The open file that a sound shall be read from; None where the source is a path or in memory.

    Raises:
        OptionError: it is none of these.
    """
    if isinstance(source, str | PathLike) or _held(source) is not None:
        return None
    return binary_stream(source, "a path, an open binary file, or (audio, sample_rate)")


def _held(source: AudioSource) -> HeldAudio | None:
    """A sound in memory; None where the source is anything else.

    Raises:
        OptionError: there is no sample rate with it, or more than that.
    """
    if isinstance(source, HeldAudio):
        return source
    if isinstance(source, np.ndarray):
        raise OptionError("an array without its sample rate: give (audio, sample_rate), as auricle.read returns them")
    if not isinstance(source, tuple):
        return None
    if len(source) != 2:
        raise OptionError(f"a sound of {len(source)} values: give (audio, sample_rate), as auricle.read returns them")
    return HeldAudio(*source)
