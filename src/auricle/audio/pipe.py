"""Sounds from a pipe: read once, from the start to the end, without a seek."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, final

import numpy as np

from auricle.audio.formats.base import AudioDecoder, AudioInfo
from auricle.audio.formats.pyav import AvDecoder
from auricle.audio.formats.truncation import flac_frames
from auricle.audio.formats.wav_reader import AFTER_SAMPLES, StreamHeader, read_header
from auricle.audio.sandbox.limits import AudioLimits, check_shape
from auricle.audio.tags import clean_tags
from auricle.errors import AudioError

_CHUNK_BYTES = 1 << 16
_MAX_START_BYTES = 1 << 24
_MAX_SKIPPED_BYTES = 1 << 26


@final
class RewindablePipe:
    """A binary stream that can be told to begin again as long as little of it has been read."""

    def __init__(self, stream: BinaryIO, name: Path) -> None:
        self._stream, self._name = stream, name
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
class PcmDecoder(AudioDecoder):
    """Plain samples (WAV or AU), as they come."""

    def __init__(self, pipe: RewindablePipe, name: Path, header: StreamHeader) -> None:
        self._pipe, self._pcm = pipe, header.pcm
        self._bytes_left, self._placeholder = header.size, header.placeholder
        has_length = header.size is not None and not header.placeholder
        frames = header.size // header.pcm.frame_bytes if header.size is not None and has_length else 0
        info = AudioInfo(name, header.sample_rate, header.pcm.channels, frames, header.format, has_length)
        super().__init__(info, 0 if has_length else None, clean_tags(header.tags))

    def damage(self) -> str | None:
        """None: plain samples hide nothing."""
        return None

    def read(self, size: int) -> np.ndarray:
        byte_count = size * self._pcm.frame_bytes
        data = b""
        while len(data) < byte_count and (part := self._read_bytes(byte_count - len(data))):
            data += part
        return self._pcm.samples(data)

    def _read_bytes(self, size: int) -> bytes:
        if self._bytes_left is None:
            return self._pipe.read_exactly(size)
        data = self._pipe.read_exactly(min(size, self._bytes_left))
        self._bytes_left -= len(data)
        if not data and self._placeholder:
            return self._after_placeholder(size)
        if not data:
            self._pipe.skip(_MAX_SKIPPED_BYTES)  # so that whoever writes can end well
        return data

    def _after_placeholder(self, size: int) -> bytes:
        """After a size that may mean nothing: more samples, unless it was right and other chunks follow."""
        begin = self._pipe.read_exactly(4)
        self._placeholder = False
        if begin in AFTER_SAMPLES:
            return b""
        self._pipe.push_back(begin)
        self._bytes_left = None
        return self._pipe.read_exactly(size)

    def close(self) -> None:
        """Do nothing: the stream belongs to the caller."""


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
        self._folder = tempfile.TemporaryDirectory(prefix="auricle-")
        try:
            self._path = Path(self._folder.name) / "sound"
            self.file_bytes = _store(pipe, name, self._path, limits.spool_bytes)
            try:
                self._inner = decode(self._path)
            except AudioError as error:
                raise self._renamed(error) from error
        except BaseException:
            self._folder.cleanup()
            raise
        super().__init__(replace(self._inner.info, path=name), self._inner.tolerance, self._inner.tags)

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
        self._folder.cleanup()


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


def open_pipe(
    stream: BinaryIO, name: Path, limits: AudioLimits, decode: Callable[[Path], AudioDecoder]
) -> AudioDecoder:
    """A decoder for a stream, in one pass where its format allows.

    Args:
        stream: an open binary file; it is not closed.
        name: what messages call it.
        limits: bound the sound's shape and what may be stored.
        decode: opens a file, for the formats that must be stored.

    Raises:
        AudioError: it can't be read, or goes beyond the limits.
    """
    pipe = RewindablePipe(stream, name)
    header = read_header(pipe)
    if header is not None:
        pipe.forget_start()
        pcm_decoder = PcmDecoder(pipe, name, header)
        check_shape(pcm_decoder.info, limits)
        return pcm_decoder
    pipe.rewind()
    start = pipe.read_exactly(42)
    pipe.push_back(start)
    frames = flac_frames(start)
    if frames is not None:
        decoder: AudioDecoder = AvDecoder(name, pipe, frames)
    else:
        decoder = SpooledDecoder(pipe, name, limits, decode)
    try:
        check_shape(decoder.info, limits)
    except AudioError:
        decoder.close()
        raise
    return decoder
