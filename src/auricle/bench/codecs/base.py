"""What a codec must offer to be compared."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.audio import resample, resampled_length
from auricle.errors import AudioError
from auricle.metrics import align

_LONGEST_DELAY = 0.1


@final
@dataclass(frozen=True)
class SettingRange:
    """What a codec can be set to.

    Attributes:
        low: the lowest setting.
        high: the highest; bits grow with the setting.
        steps: the only settings, ascending, in kb/s per channel; empty if all between ``low`` and ``high`` are.
        in_kbps: whether a setting is a bitrate of all channels together in kb/s, at least nearly.
        keeps_bitrate: whether the codec keeps to the bitrate by itself, so that nothing has to be searched.
    """

    low: float
    high: float
    steps: tuple[float, ...] = ()
    in_kbps: bool = True
    keeps_bitrate: bool = False

    @staticmethod
    def of_steps(*steps: float) -> "SettingRange":
        """A few settings and nothing between them, in kb/s per channel."""
        return SettingRange(min(steps), max(steps), tuple(sorted(steps)))

    def clamp(self, setting: float) -> float:
        """The nearest setting within the ends."""
        return min(max(setting, self.low), self.high)


@final
@dataclass(frozen=True, eq=False)
class EncodedSound:
    """What an encoder left.

    Attributes:
        data: a whole file where the codec has a file format, else its packets.
        channels: of the sound.
        samples: of the sound, per channel.
        sample_rate: of the sound in Hz.
        setting: see `Codec.setting_range`.
        payload: bytes of ``data`` that are coded sound; None where there is no file format.
    """

    data: bytes
    channels: int
    samples: int
    sample_rate: int
    setting: float
    payload: int | None = None

    @staticmethod
    def of(
        data: bytes, audio: np.ndarray, sample_rate: int, setting: float, payload: int | None = None
    ) -> "EncodedSound":
        """What encoding ``audio`` ``(c, t)`` left."""
        channels, samples = audio.shape
        return EncodedSound(data, channels, samples, sample_rate, setting, payload)


@final
@dataclass(frozen=True, eq=False)
class DecodedSound:
    """What came back from a codec.

    Attributes:
        audio: float32 ``(c, t)``, of the rate and length that went in, without the codec's delay.
        bytes: size of what was stored: a whole file where the codec has a file format.
        kbps: ``bytes`` per second of sound, in kilobits.
        payload: see `EncodedSound`.
    """

    audio: np.ndarray
    bytes: int
    kbps: float
    payload: int | None = None

    @staticmethod
    def of(audio: np.ndarray, sample_rate: int, stored: int, payload: int | None = None) -> "DecodedSound":
        """Decoded ``audio`` ``(c, t)``, t at least 1, that was stored in so many bytes."""
        return DecodedSound(audio, stored, stored * 8 * sample_rate / audio.shape[1] / 1000, payload)


@final
@dataclass(frozen=True)
class NetworkCost:
    """What a codec's networks need: numbers in their weights, and multiplications with addition per second of mono
    sound, encoding and decoding together."""

    parameters: int
    macs_per_second: float | None


class Codec(ABC):
    """A codec that can be measured. A new one is a new file in ``bench/codecs`` with a final subclass.

    Attributes:
        name: a short word for tables and the command line.
    """

    name: str

    @abstractmethod
    def missing(self) -> str | None:
        """None where the codec can run, else one line: what is missing and how to get it."""

    @property
    @abstractmethod
    def setting_range(self) -> SettingRange:
        """What it can be set to."""

    @abstractmethod
    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        """Encode float32 ``(c, t)`` of a sample rate in Hz at a setting.

        Raises:
            AudioError: the codec can't take this sound (no samples, too many channels).
        """

    @abstractmethod
    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        """Decode to float32 ``(c, t')`` and its sample rate in Hz; length and place may differ a little."""

    def version(self) -> str:
        """Version of the software or model; empty where unknown."""
        return ""

    def setting_text(self, setting: float) -> str:
        """A setting for people; unique among settings."""
        return f"{setting:.3g} kb/s"

    def not_scored(self) -> str | None:
        """One line if what comes back says nothing about the codec's quality, such as that weights are random."""
        return None

    def note(self) -> str:
        """What to know about the codec's figures; else empty."""
        return ""

    def network_cost(self) -> NetworkCost | None:
        """What its networks need; None where there are none or they can't be counted."""
        return None

    def roundtrip(self, audio: np.ndarray, sample_rate: int, setting: float) -> DecodedSound:
        """Encode and decode.

        Args:
            audio: float32 ``(c, t)``.
            sample_rate: in Hz.
            setting: see `Codec.setting_range`.

        Raises:
            AudioError: the codec can't take this sound.
        """
        stored = self.encode(audio, sample_rate, setting)
        decoded, rate = self.decode(stored)
        undelayed = remove_delay(audio, resample(decoded, rate, sample_rate), sample_rate)
        return DecodedSound.of(undelayed, sample_rate, len(stored.data), stored.payload)


def remove_delay(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> np.ndarray:
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


def next_supported_rate(sample_rate: int, supported: tuple[int, ...]) -> int:
    """The lowest of some ascending rates that is not below a sample rate; else the highest."""
    return next((rate for rate in supported if rate >= sample_rate), supported[-1])
