"""What every decoder of audio files offers, and the limits that every sound must keep."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auricle.errors import AudioError

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
        exact: whether ``frames`` is what decoding will give, to the sample. MP3 without a length tag and many
            formats that only PyAV reads can only be estimated before they are decoded.
    """

    path: Path
    sample_rate: int
    channels: int
    frames: int
    format: str
    exact: bool = True

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


class Decoder(ABC):
    """An open audio file that is read once, from its start to its end."""

    def __init__(self, info: AudioInfo, tolerance: int | None = 0) -> None:
        """Keep the header, and by how many samples it may promise too much (None: by any number)."""
        self.info = info
        self.tolerance = tolerance

    @abstractmethod
    def read(self, size: int) -> np.ndarray:
        """Return the next float32 ``(t, c)``, t <= size; t is 0 only at the end.

        Raises:
            AudioError: the file is damaged here.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the file; may be called twice."""


def check_limits(info: AudioInfo) -> None:
    """Refuse a sound whose shape Auricle can't work with.

    Raises:
        AudioError: no channel or more than 8, or a sample rate outside 8000 to 192000 Hz.
    """
    if not 1 <= info.channels <= MAX_CHANNELS:
        raise AudioError(f"{info.path} has {info.channels} channels: Auricle takes 1 to {MAX_CHANNELS}, split it first")
    if not MIN_SAMPLE_RATE <= info.sample_rate <= MAX_SAMPLE_RATE:
        raise AudioError(
            f"{info.path} has a sample rate of {info.sample_rate} Hz: Auricle takes {MIN_SAMPLE_RATE} to "
            f"{MAX_SAMPLE_RATE} Hz, resample it first"
        )
