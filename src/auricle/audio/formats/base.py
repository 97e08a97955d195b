"""What every decoder of audio files offers."""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import final

import numpy as np

Span = tuple[int, int]
"""A part of a file: its first byte, and the one behind its last."""
MAX_CHANNELS = 8
MIN_SAMPLE_RATE = 8_000
MAX_SAMPLE_RATE = 192_000


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says.

    Attributes:
        path: the file.
        sample_rate: samples per second and channel.
        channels: number of channels.
        frames: length in samples per channel; an estimate (0 if unknown) unless ``exact``.
        format: the container's name, such as ``WAV`` or ``FLAC``.
        exact: whether ``frames`` is what decoding will give, to the sample. Of lossy formats that PyAV reads only the
            decoded sound can tell.
        bits: of a sample: 16 (or fewer), 24 (or more), or 32 for floating point; 0 where they are not known or there
            are none, as in lossy formats.
    """

    path: Path
    sample_rate: int
    channels: int
    frames: int
    format: str
    exact: bool = True
    bits: int = 0

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


class AudioDecoder(ABC):
    """An open audio file that is read once, from its start to its end."""

    def __init__(
        self, info: AudioInfo, tolerance: int | None = 0, tags: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Keep the header, by how many samples it may promise too much (None: by any number), and the tags."""
        self.info = info
        self.tolerance = tolerance
        self.tags = dict(tags)
        self.warnings: list[str] = []
        """Where sound may be missing; complete when all is read."""

    @abstractmethod
    def damage(self) -> str | None:
        """Say what is wrong with the file that decoding would pass over; None if nothing shows it."""

    @abstractmethod
    def read(self, size: int) -> np.ndarray:
        """Return the next float32 ``(t, c)``, t <= size; t is 0 only at the end.

        Raises:
            AudioError: the file is damaged here.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the file; may be called twice."""


@final
class FileSpan:
    """An open file, or a part of it, without its name, so that a decoder can only look at its content.

    Raises:
        OSError: it can't be read.
    """

    def __init__(self, path: Path, span: Span | None = None) -> None:
        self._file = path.open("rb")
        self._start, self._stop = span or (0, path.stat().st_size)
        self.close = self._file.close
        self.seek(0)

    def read(self, size: int, /) -> bytes:
        return self._file.read(max(0, min(size, self._stop - self._file.tell())))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte of the part."""
        base = {os.SEEK_SET: self._start, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._stop}[whence]
        return self._file.seek(max(self._start, base + offset)) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start
