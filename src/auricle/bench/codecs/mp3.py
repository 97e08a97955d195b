"""MP3 by LAME in PyAV."""

from collections.abc import Mapping
from importlib import metadata
from typing import final

import numpy as np

from auricle.audio import resample
from auricle.bench.codecs._registry import Maker
from auricle.bench.codecs.base import Dial, Peer, Stored, check_sound, next_rate
from auricle.bench.codecs.opus import decoded_by_av, encoded_by_av, missing, packets

_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_RESAMPLED = ((20.0, 16000), (32.0, 24000))
"""Below so many kb/s the sound is brought down to a rate, as LAME's own program does: MPEG-1 begins at 32 kb/s."""


@final
class Mp3(Peer):
    """LAME with average bitrate, its best mode for a given size."""

    name = "mp3"

    def available(self) -> str | None:
        """None, or that PyAV or its LAME is missing."""
        return missing("libmp3lame")

    def version(self) -> str:
        """Of PyAV, which brings LAME."""
        return f"LAME of PyAV {metadata.version('av')}"

    @property
    def dial(self) -> Dial:
        """8 to 320 kb/s."""
        return Dial(8.0, 320.0)

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> Stored:
        """Encode to a file in memory; see `Peer.encode`."""
        check_sound(self.name, audio, sample_rate, most_channels=2)
        most = next((rate for below, rate in _RESAMPLED if setting < below), _RATES[-1])
        rate = min(next_rate(sample_rate, _RATES), most)
        native = resample(audio, sample_rate, rate)
        data = encoded_by_av(
            native, rate, codec="libmp3lame", container="mp3", bit_rate=round(setting * 1000), options={"abr": "1"}
        )
        return Stored.of(data, audio, sample_rate, setting, sum(map(len, packets(data))))

    def decode(self, stored: Stored) -> tuple[np.ndarray, int]:
        """Decode with FFmpeg; see `Peer.decode`."""
        rate = next_rate(stored.sample_rate, _RATES)
        return decoded_by_av(stored.data, rate), rate


PEERS: Mapping[str, Maker] = {"mp3": lambda places: Mp3()}
