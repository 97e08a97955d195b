"""Plain samples, decoded as their bytes come: of a file, of a pipe, of any open file."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Protocol, final

import numpy as np

from auricle.audio.formats.base import AudioDecoder, AudioInfo
from auricle.audio.formats.wav_reader import AFTER_SAMPLES, ByteSource, StreamHeader
from auricle.audio.tags import clean_tags
from auricle.errors import AudioError

_MAX_SKIPPED_BYTES = 1 << 26
_FILE_STARTS = (b"RIFF", b"RIFX", b"RF64", b".snd")
_CHUNK_NAME = re.compile(rb"[ -~]{4}|TAG.|ID3.", re.DOTALL)
_EMPTY_HEADER = "its header says 0 samples, yet some follow: what wrote it may have crashed, and its end may be missing"


class PcmSource(ByteSource, Protocol):
    """Bytes that come once, of which a few can be put back."""

    def push_back(self, data: bytes) -> None: ...

    def close(self) -> None: ...


@final
class PcmDecoder(AudioDecoder):
    """Plain samples (WAV or AU), as they come.

    Args:
        source: the bytes behind the header; it is closed with the decoder.
        path: the file, or what messages call the stream.
        header: what stood before them.
        file_bytes: size of the file; None of a pipe.

    Raises:
        AudioError: the file is shorter than its header promises.
    """

    def __init__(self, source: PcmSource, path: Path, header: StreamHeader, file_bytes: int | None) -> None:
        self._source, self._pcm = source, header.pcm
        self._bytes_left, self._placeholder, self._says_zero = header.size, header.placeholder, header.size == 0
        has_length = header.size is not None and not header.placeholder
        frames = header.size // header.pcm.frame_bytes if header.size is not None and has_length else 0
        pcm = header.pcm
        info = AudioInfo(path, header.sample_rate, pcm.channels, frames, header.format, has_length, pcm.source_bits)
        super().__init__(info, 0 if has_length else None, clean_tags(header.tags))
        self._pad_bytes = (header.size or 0) % 2
        if file_bytes is not None:
            self._measure(file_bytes - header.start)

    def _measure(self, present: int) -> None:
        """Hold the promised length against what the file has; where none is promised, take what it has."""
        if self._bytes_left is not None and not self._placeholder:
            if self._bytes_left > present:
                raise AudioError(
                    f"{self.info.path} is cut short (its header promises {self._bytes_left} bytes of samples, "
                    f"{max(present, 0)} are there): replace it, or convert it with a tool that repairs it"
                )
            return
        if self._bytes_left == 0:
            following = self._source.read_exactly(4)
            self._source.push_back(following)
            present = 0 if following in AFTER_SAMPLES else present
        is_exact = not self._bytes_left or self._bytes_left >= present  # else other chunks may follow the samples
        self.info = replace(self.info, frames=present // self._pcm.frame_bytes, exact=is_exact)

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
            return self._source.read_exactly(size)
        data = self._source.read_exactly(min(size, self._bytes_left))
        self._bytes_left -= len(data)
        if not data and self._placeholder:
            return self._after_placeholder(size)
        if not data:
            self._look_behind()
        return data

    def _look_behind(self) -> None:
        """Say so where sound may follow the samples. What follows is taken, so that whoever writes can end well."""
        self._source.read_exactly(self._pad_bytes)
        left = _MAX_SKIPPED_BYTES
        while left > 0 and len(head := self._source.read_exactly(8)) == 8:
            name, size = head[:4], int.from_bytes(head[4:], "little")
            if name in _FILE_STARTS:
                self.warnings.append("another file is joined behind its samples: only the first is read")
                break
            if not _CHUNK_NAME.fullmatch(name):
                if any(head):
                    self.warnings.append("what follows its samples is no part of its format: sound may be missing")
                break
            self._source.skip(min(left, size + size % 2))
            left -= size + 8
        self._source.skip(max(0, left))

    def _after_placeholder(self, size: int) -> bytes:
        """After a size that may mean nothing: more samples, unless it was right and other chunks follow."""
        begin = self._source.read_exactly(4)
        self._placeholder = False
        if begin in AFTER_SAMPLES:
            return b""
        if begin and self._says_zero:
            self.warnings.append(_EMPTY_HEADER)
        self._source.push_back(begin)
        self._bytes_left = None
        return self._source.read_exactly(size)

    def close(self) -> None:
        self._source.close()
