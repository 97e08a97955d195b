"""What a codec must offer to be compared."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.audio import resampled_length
from auricle.errors import AudioError
from auricle.metrics import align

_LONGEST_DELAY = 0.1


@final
@dataclass(frozen=True, eq=False)
class Decoded:
    """What came back from a codec.

    Attributes:
        audio: float32 ``(c, t)``, of the rate and length that went in, without the codec's delay.
        bytes: size of what was stored: a whole file where the codec has a file format.
        kbps: ``bytes`` per second of sound, in kilobits.
    """

    audio: np.ndarray
    bytes: int
    kbps: float

    @staticmethod
    def of(audio: np.ndarray, sample_rate: int, stored: int) -> "Decoded":
        """Decoded ``audio`` ``(c, t)``, t at least 1, that was stored in so many bytes."""
        return Decoded(audio, stored, stored * 8 * sample_rate / audio.shape[1] / 1000)


class Peer(ABC):
    """A codec beside which Auricle's own is measured. A new one is a new file with one final subclass.

    Attributes:
        name: a short word for tables and the command line.
    """

    name: str

    @abstractmethod
    def available(self) -> str | None:
        """None where the codec can run, else one line: what is missing and how to get it."""

    @property
    @abstractmethod
    def bitrates(self) -> tuple[float, ...]:
        """Settings worth comparing in kb/s, ascending."""

    @abstractmethod
    def nearest(self, kbps: float) -> float:
        """The setting that the codec accepts nearest to a bitrate, in kb/s."""

    @abstractmethod
    def code(self, audio: np.ndarray, sample_rate: int, kbps: float) -> Decoded:
        """Encode and decode.

        Args:
            audio: float32 ``(c, t)``.
            sample_rate: in Hz.
            kbps: the setting, for all channels together; see `nearest`. The real bitrate is in the result.

        Raises:
            AudioError: the codec can't take this sound (no samples, too many channels).
        """


def same_place(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> np.ndarray:
    """Take a codec's delay of up to a tenth of a second out of its output ``(c, t')``: float32 ``(c, t)``."""
    return align(reference, estimate, round(_LONGEST_DELAY * sample_rate)).astype(np.float32)


def check_sound(name: str, audio: np.ndarray, sample_rate: int, *, most_channels: int) -> None:
    """Refuse what a peer can't take.

    Raises:
        AudioError: no samples, or more channels than ``most_channels``.
    """
    if audio.ndim != 2 or resampled_length(audio.shape[1], sample_rate, 8000) == 0:
        raise AudioError(f"{name} can't code a sound of shape {audio.shape}: give some samples, (c, t)")
    if audio.shape[0] > most_channels:
        raise AudioError(f"{name} is compared with up to {most_channels} channels, this sound has {audio.shape[0]}")
