"""Sounds from a pipe: read once, from the start to the end, without a seek."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, final

import numpy as np

from auricle.audio.formats.base import AudioInfo, Decoder
from auricle.audio.formats.pyav import AvDecoder
from auricle.audio.formats.truncation import flac_frames
from auricle.audio.formats.wav_reader import AFTER_SAMPLES, StreamHeader, read_header
from auricle.audio.sandbox.limits import Limits, check_shape
from auricle.audio.tags import clean_tags
from auricle.errors import AudioError

_PIECE = 1 << 16
_LARGEST_START = 1 << 24
_LARGEST_REST = 1 << 26


@final
class Pipe:
    """A binary stream that can be told to begin again as long as little of it has been read."""

    def __init__(self, stream: BinaryIO, name: Path) -> None:
        self._stream, self._name = stream, name
        self._seen: bytearray | None = bytearray()
        self._back = b""

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end.

        Raises:
            AudioError: the stream can't be read, or 16 MiB have gone by before the first sample.
        """
        parts = []
        while size > 0 and (part := self._read(min(size, _PIECE))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over bytes."""
        while size > 0 and (part := self._read(min(size, _PIECE))):
            size -= len(part)

    def read(self, size: int = _PIECE) -> bytes:
        """The next bytes, at most ``size`` and at most 64 KiB; none at the end. FFmpeg reads so."""
        return self._read(min(size, _PIECE) if size > 0 else _PIECE)

    def give_back(self, data: bytes) -> None:
        """Let the next read begin with ``data``."""
        self._back = data + self._back

    def settle(self) -> None:
        """Forget what has been read: there is no way back from here."""
        self._seen = None

    def rewind(self) -> None:
        """Begin again, and settle."""
        assert self._seen is not None, "a settled pipe has no way back"
        self._back, self._seen = bytes(self._seen) + self._back, None

    def _read(self, size: int) -> bytes:
        if self._back:
            data, self._back = self._back[:size], self._back[size:]
        else:
            try:
                # What is there now: a buffered stream's own `read` waits until it has all.
                data = getattr(self._stream, "read1", self._stream.read)(size) or b""
            except (OSError, ValueError) as error:
                raise AudioError(f"can't read {self._name}: {error}") from error
        if (seen := self._seen) is not None:
            seen += data
            if len(seen) > _LARGEST_START:
                raise AudioError(f"{self._name} holds no samples in its first 16 MiB: convert it to WAV or FLAC")
        return data


@final
class PlainDecoder(Decoder):
    """Plain samples (WAV or AU), as they come."""

    def __init__(self, pipe: Pipe, name: Path, header: StreamHeader) -> None:
        self._pipe, self._pcm = pipe, header.pcm
        self._left, self._placeholder = header.size, header.placeholder
        known = header.size is not None and not header.placeholder
        frames = header.size // header.pcm.frame_bytes if header.size is not None and known else 0
        info = AudioInfo(name, header.sample_rate, header.pcm.channels, frames, header.format, known)
        super().__init__(info, 0 if known else None, clean_tags(header.tags))

    def damage(self) -> str | None:
        """None: plain samples hide nothing."""
        return None

    def read(self, size: int) -> np.ndarray:
        """Return the next float32 ``(t, c)``; see `Decoder.read`."""
        wanted = size * self._pcm.frame_bytes
        data = b""
        while len(data) < wanted and (part := self._take(wanted - len(data))):
            data += part
        return self._pcm.samples(data)

    def _take(self, size: int) -> bytes:
        if self._left is None:
            return self._pipe.take(size)
        data = self._pipe.take(min(size, self._left))
        self._left -= len(data)
        if not data and self._placeholder:
            return self._beyond(size)
        if not data:
            self._pipe.skip(_LARGEST_REST)  # so that whoever writes can end well
        return data

    def _beyond(self, size: int) -> bytes:
        """After a size that may mean nothing: more samples, unless it was right and other chunks follow."""
        begin = self._pipe.take(4)
        self._placeholder = False
        if begin in AFTER_SAMPLES:
            return b""
        self._pipe.give_back(begin)
        self._left = None
        return self._pipe.take(size)

    def close(self) -> None:
        """Do nothing: the stream belongs to the caller."""


@final
class SpooledDecoder(Decoder):
    """A sound that is stored in a temporary file, because its format can't be read in one go.

    Args:
        pipe: where it comes from, whole.
        name: what messages call it.
        limits: bound its size.
        decode: opens a file.

    Raises:
        AudioError: it is too large, or can't be stored or decoded.
    """

    def __init__(self, pipe: Pipe, name: Path, limits: Limits, decode: Callable[[Path], Decoder]) -> None:
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
        """What the file's decoder says."""
        return self._inner.damage()

    def read(self, size: int) -> np.ndarray:
        """Return the next float32 ``(t, c)``; see `Decoder.read`."""
        try:
            return self._inner.read(size)
        except AudioError as error:
            raise self._renamed(error) from error

    def _renamed(self, error: AudioError) -> AudioError:
        return AudioError(str(error).replace(str(self._path), str(self._name)))

    def close(self) -> None:
        """Remove the file."""
        self._inner.close()
        self._folder.cleanup()


def _store(pipe: Pipe, name: Path, path: Path, most: int) -> int:
    stored = 0
    try:
        with path.open("wb") as file:
            while part := pipe.read():
                stored += len(part)
                if stored > most:
                    raise AudioError(
                        f"{name} has more than {most >> 20} MiB and is in a format that must be stored to be read: "
                        "send WAV, or raise the limit on spool_bytes"
                    )
                file.write(part)
    except OSError as error:
        raise AudioError(f"can't store {name} to read it: {error.strerror or error}") from error
    if stored == 0:
        raise AudioError(f"{name} is empty (0 bytes): send a sound")
    return stored


def open_pipe(stream: BinaryIO, name: Path, limits: Limits, decode: Callable[[Path], Decoder]) -> Decoder:
    """A decoder for a stream, in one pass where its format allows.

    Args:
        stream: an open binary file; it is not closed.
        name: what messages call it.
        limits: bound the sound's shape and what may be stored.
        decode: opens a file, for the formats that must be stored.

    Raises:
        AudioError: it can't be read, or goes beyond the limits.
    """
    pipe = Pipe(stream, name)
    header = read_header(pipe)
    if header is not None:
        pipe.settle()
        plain = PlainDecoder(pipe, name, header)
        check_shape(plain.info, limits)
        return plain
    pipe.rewind()
    start = pipe.take(42)
    pipe.give_back(start)
    frames = flac_frames(start)
    if frames is not None:
        decoder: Decoder = AvDecoder(name, pipe, frames)
    else:
        decoder = SpooledDecoder(pipe, name, limits, decode)
    try:
        check_shape(decoder.info, limits)
    except AudioError:
        decoder.close()
        raise
    return decoder
