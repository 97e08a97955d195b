"""MP3 by LAME in PyAV."""

from collections.abc import Mapping
from importlib import metadata
from typing import final

import numpy as np

from auricle.audio import resample
from auricle.bench.codecs._registry import CodecFactory
from auricle.bench.codecs.base import Codec, EncodedSound, SettingRange, check_sound, next_supported_rate
from auricle.bench.codecs.opus import decoded_by_av, encoded_by_av, missing_encoder, packets

_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_RESAMPLED = ((20.0, 16000), (32.0, 24000))
"""Below so many kb/s the sound is brought down to a rate, as LAME's own program does: MPEG-1 begins at 32 kb/s."""


@final
class Mp3(Codec):
    """LAME with average bitrate, its best mode for a given size."""

    name = "mp3"

    def missing(self) -> str | None:
        """None, or that PyAV or its LAME is missing."""
        return missing_encoder("libmp3lame")

    def version(self) -> str:
        """Of PyAV, which brings LAME."""
        return f"LAME of PyAV {metadata.version('av')}"

    @property
    def setting_range(self) -> SettingRange:
        """8 to 320 kb/s."""
        return SettingRange(8.0, 320.0)

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        """Encode to a file in memory; see `Codec.encode`."""
        check_sound(self.name, audio, sample_rate, most_channels=2)
        most = next((rate for below, rate in _RESAMPLED if setting < below), _RATES[-1])
        rate = min(next_supported_rate(sample_rate, _RATES), most)
        native = resample(audio, sample_rate, rate)
        data = encoded_by_av(
            native, rate, codec="libmp3lame", container="mp3", bit_rate=round(setting * 1000), options={"abr": "1"}
        )
        return EncodedSound.of(data, audio, sample_rate, setting, sum(map(len, packets(data))))

    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        """Decode with FFmpeg; see `Codec.decode`."""
        rate = next_supported_rate(stored.sample_rate, _RATES)
        return decoded_by_av(stored.data, rate), rate


CODECS: Mapping[str, CodecFactory] = {"mp3": lambda paths: Mp3()}
