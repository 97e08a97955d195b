"""Codecs that the tests of the benchmark make."""

import numpy as np

from auricle.bench import Codec, EncodedSound, SettingRange
from auricle.errors import AudioError


class Greedy(Codec):
    """Stores 40 % more than it is asked to, and can't take stereo."""

    name = "greedy"

    def missing(self) -> str | None:
        return None

    @property
    def setting_range(self) -> SettingRange:
        return SettingRange(5.0, 100.0)

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        if audio.shape[0] > 1:
            raise AudioError("greedy takes mono only")
        raw = audio.astype("<f4").tobytes()
        size = round(175 * setting * audio.shape[1] / sample_rate)
        self.last = raw
        return EncodedSound.of(raw[:size].ljust(size), audio, sample_rate, setting, size // 2)

    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        return np.frombuffer(self.last, "<f4").reshape(stored.channels, -1), stored.sample_rate


class Steps(Greedy):
    """Has three settings, each for one channel."""

    name = "steps"

    @property
    def setting_range(self) -> SettingRange:
        return SettingRange.of_steps(9.2, 3.2, 6.0)


class Scale(Greedy):
    """Has a scale from 0 to 10 that is no bitrate: 10 kb/s at 0, 30 at 10."""

    name = "scale"

    @property
    def setting_range(self) -> SettingRange:
        return SettingRange(0.0, 10.0, in_kbps=False)

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        return super().encode(audio, sample_rate, (10 + 2 * setting) / 1.4)


class Jumpy(Greedy):
    """Takes another mode from 19 kb/s on, as Opus does: 20 kb/s below it, and above it 30 % more than asked."""

    name = "jumpy"

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        return super().encode(audio, sample_rate, (1.3 * setting if setting >= 19 else 20.0) / 1.4)


class Broken(Greedy):
    """Raises what no one expects."""

    name = "broken"

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        raise ZeroDivisionError("two lines\n of it")
