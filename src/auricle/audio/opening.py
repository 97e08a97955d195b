"""Which decoder reads a sound. Its content decides, so that a file, a pipe and an open file of the same bytes agree.

Plain samples (WAV, AU) and FLAC are read once, from the start to the end, without a seek, wherever they come from;
all else is read from a file, into which a pipe is first stored.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, final

import numpy as np

from auricle.atomic import temporary_folder
from auricle.audio.formats import mpeg
from auricle.audio.formats.base import AudioDecoder
from auricle.audio.formats.chain import open_chain
from auricle.audio.formats.flac import stated_frames
from auricle.audio.formats.pcm import PcmDecoder
from auricle.audio.formats.pyav import AvDecoder
from auricle.audio.formats.sndfile import NotForSndfileError, SndfileDecoder
from auricle.audio.formats.text import is_text
from auricle.audio.formats.truncation import truncation
from auricle.audio.formats.wav_reader import read_header
from auricle.audio.sandbox.limits import AudioLimits, check_shape
from auricle.errors import AudioError

_CHUNK_BYTES = 1 << 16
_MAX_START_BYTES = 1 << 24


@final
class RewindablePipe:
    """A binary stream that can be told to begin again as long as little of it has been read.

    Args:
        stream: an open binary file.
        name: what messages call it.
        owned: whether `close` closes it.
    """

    def __init__(self, stream: BinaryIO, name: Path, *, owned: bool = False) -> None:
        self._stream, self._name, self._owned = stream, name, owned
        self._start: bytearray | None = bytearray()
        self._pushed_back = b""

    def read_exactly(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end.

        Raises:
            AudioError: the stream can't be read, or 16 MiB have gone by before the first sample.
        """
        parts = []
        while size > 0 and (part := self._read(min(size, _CHUNK_BYTES))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        while size > 0 and (part := self._read(min(size, _CHUNK_BYTES))):
            size -= len(part)

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """The next bytes, at most ``size`` and at most 64 KiB; none at the end. FFmpeg reads so."""
        return self._read(min(size, _CHUNK_BYTES) if size > 0 else _CHUNK_BYTES)

    def push_back(self, data: bytes) -> None:
        """Let the next read begin with ``data``."""
        self._pushed_back = data + self._pushed_back

    def forget_start(self) -> None:
        """No longer keep what has been read: there is no way back from here."""
        self._start = None

    def rewind(self) -> None:
        """Begin again, for the last time."""
        assert self._start is not None, "the start of this pipe is forgotten"
        self._pushed_back, self._start = bytes(self._start) + self._pushed_back, None

    def close(self) -> None:
        if self._owned:
            self._stream.close()

    def _read(self, size: int) -> bytes:
        if self._pushed_back:
            data, self._pushed_back = self._pushed_back[:size], self._pushed_back[size:]
        else:
            try:
                # What is there now: a buffered stream's own `read` waits until it has all.
                data = getattr(self._stream, "read1", self._stream.read)(size) or b""
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else error
                raise AudioError(f"can't read {self._name}: {reason}") from error
        if (start := self._start) is not None:
            start += data
            if len(start) > _MAX_START_BYTES:
                raise AudioError(f"{self._name} holds no samples in its first 16 MiB: convert it to WAV or FLAC")
        return data


@final
class SpooledDecoder(AudioDecoder):
    """A sound that is stored in a temporary file, because its format can't be read in one go.

    Args:
        pipe: where it comes from, whole.
        name: what messages call it.
        limits: bound its size.
        decode: opens a file.

    Raises:
        AudioError: it is too large, or can't be stored or decoded.
    """

    def __init__(
        self, pipe: RewindablePipe, name: Path, limits: AudioLimits, decode: Callable[[Path], AudioDecoder]
    ) -> None:
        self._name = name
        self._folder = ExitStack()
        try:
            self._path = _temporary_path(self._folder, name)
            self.file_bytes = _store(pipe, name, self._path, limits.spool_bytes)
            try:
                self._inner = decode(self._path)
            except AudioError as error:
                raise self._renamed(error) from error
        except BaseException:
            self._folder.close()
            raise
        super().__init__(replace(self._inner.info, path=name), self._inner.tolerance, self._inner.tags)
        self.warnings = self._inner.warnings

    def damage(self) -> str | None:
        return self._inner.damage()

    def read(self, size: int) -> np.ndarray:
        try:
            return self._inner.read(size)
        except AudioError as error:
            raise self._renamed(error) from error

    def _renamed(self, error: AudioError) -> AudioError:
        return AudioError(str(error).replace(str(self._path), str(self._name)))

    def close(self) -> None:
        self._inner.close()
        self._folder.close()


def _temporary_path(stack: ExitStack, name: Path) -> Path:
    """Where to store a sound until the stack is closed."""
    try:
        return stack.enter_context(temporary_folder()) / "sound"
    except OSError as error:
        raise AudioError(f"can't store {name} to read it: {error.strerror or error}") from error


def _store(pipe: RewindablePipe, name: Path, path: Path, limit: int) -> int:
    stored = 0
    try:
        with path.open("wb") as file:
            while part := pipe.read():
                stored += len(part)
                if stored > limit:
                    raise AudioError(
                        f"{name} has more than {limit >> 20} MiB and is in a format that must be stored to be read: "
                        "send WAV, or raise the limit on spool_bytes"
                    )
                file.write(part)
    except OSError as error:
        raise AudioError(f"can't store {name} to read it: {error.strerror or error}") from error
    if stored == 0:
        raise AudioError(f"{name} is empty (0 bytes): send a sound")
    return stored


def open_file(path: Path, limits: AudioLimits) -> AudioDecoder:
    """A decoder for a file, by its content.

    Raises:
        AudioError: it can't be read, or goes beyond the limits.
        OSError: the system can't open it.
    """
    size = path.stat().st_size
    pipe = RewindablePipe(path.open("rb"), path, owned=True)
    try:
        decoder = _open_streamable(pipe, path, size) or _decoder_of_file(path)
    except BaseException:
        pipe.close()
        raise
    return _checked(decoder, limits)


def open_pipe(
    stream: BinaryIO, name: Path, limits: AudioLimits, decode: Callable[[Path], AudioDecoder]
) -> AudioDecoder:
    """A decoder for a stream, in one pass where its format allows. It is the decoder of the same bytes in a file.

    Args:
        stream: an open binary file; it is not closed.
        name: what messages call it.
        limits: bound the sound's shape and what may be stored.
        decode: opens a file, for the formats that must be stored.

    Raises:
        AudioError: it can't be read, or goes beyond the limits.
    """
    pipe = RewindablePipe(stream, name)
    decoder = _open_streamable(pipe, name, _bytes_left(stream)) or SpooledDecoder(pipe, name, limits, decode)
    return _checked(decoder, limits)


def _bytes_left(stream: BinaryIO) -> int | None:
    """How many bytes an open file has from where it stands; None of a pipe."""
    try:
        if not stream.seekable():
            return None
        start = stream.tell()
        size = stream.seek(0, os.SEEK_END) - start
        stream.seek(start)
    except (OSError, AttributeError):  # what can only be read
        return None
    return size


def _open_streamable(pipe: RewindablePipe, name: Path, size: int | None) -> AudioDecoder | None:
    """A decoder of plain samples or FLAC; else None, and the pipe is where it began."""
    header = read_header(pipe)
    if header is not None:
        pipe.forget_start()
        return PcmDecoder(pipe, name, header, size)
    pipe.rewind()
    start = pipe.read_exactly(42)
    pipe.push_back(start)
    frames = stated_frames(start)
    return None if frames is None else AvDecoder(name, pipe, frames)


def _decoder_of_file(path: Path) -> AudioDecoder:
    cut = truncation(path)
    if cut is not None:
        raise AudioError(f"{path} is cut short ({cut}): replace it, or convert it with a tool that repairs it")
    if mpeg.begins_with_frame(path):
        return AvDecoder(path)
    if (chain := open_chain(path)) is not None:
        return chain
    try:
        return SndfileDecoder(path)
    except NotForSndfileError as refusal:
        damage = refusal.damage
    if is_text(path):
        raise AudioError(
            f"{path} is not audio but a text, such as a list or the error page of a server: fetch it again"
        )
    try:
        return AvDecoder(path)
    except AudioError as error:
        if damage is None:
            raise
        raise AudioError(f"{path} is damaged ({damage}): replace it") from error


def _checked(decoder: AudioDecoder, limits: AudioLimits) -> AudioDecoder:
    try:
        check_shape(decoder.info, limits)
    except AudioError:
        decoder.close()
        raise
    return decoder
