"""Vorbis by libvorbis in libsndfile, in Ogg files."""

import io
from collections.abc import Mapping
from typing import final

import numpy as np
import soundfile

from auricle.audio import resample
from auricle.bench.codecs._registry import CodecFactory
from auricle.bench.codecs.base import Codec, EncodedSound, SettingRange, check_sound, next_supported_rate

_RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000)
_AT_ONCE = 1 << 16  # libvorbis overflows its stack where it is given minutes at once
_HEADERS = 3


@final
class Vorbis(Codec):
    """libvorbis with variable bitrate. The dial is its quality from 0 to 10, as oggenc counts."""

    name = "vorbis"

    def missing(self) -> str | None:
        """None, or that libsndfile has no Vorbis."""
        if "VORBIS" not in soundfile.available_subtypes("OGG"):
            return "this libsndfile is built without Vorbis: install soundfile's wheel from PyPI"
        return None

    def version(self) -> str:
        """Of libsndfile, which brings libvorbis."""
        return f"libvorbis of libsndfile {soundfile.__libsndfile_version__}"

    @property
    def setting_range(self) -> SettingRange:
        """Quality 0 to 10."""
        return SettingRange(0.0, 10.0, in_kbps=False)

    def setting_text(self, setting: float) -> str:
        """Such as ``q 2.5``."""
        return f"q {setting:.3g}"

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        """Encode to an Ogg file in memory; see `Codec.encode`."""
        check_sound(self.name, audio, sample_rate, most_channels=2)
        rate = next_supported_rate(sample_rate, _RATES)
        native = np.clip(resample(audio, sample_rate, rate), -1.0, 1.0).T
        file = io.BytesIO()
        level = 1.0 - setting / 10
        with soundfile.SoundFile(
            file, "w", rate, native.shape[1], "VORBIS", format="OGG", compression_level=level
        ) as target:
            for start in range(0, len(native), _AT_ONCE):
                target.write(native[start : start + _AT_ONCE])
        data = file.getvalue()
        return EncodedSound.of(data, audio, sample_rate, setting, _payload(data))

    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        """Decode with libsndfile; see `Codec.decode`."""
        audio, rate = soundfile.read(io.BytesIO(stored.data), dtype="float32", always_2d=True)
        return audio.T, rate


def _payload(data: bytes) -> int:
    """Bytes in the packets of an Ogg file after Vorbis's three headers (RFC 3533: a lace below 255 ends a packet)."""
    at, ended, sound = 0, 0, 0
    while at < len(data):
        count = data[at + 26]
        laces = data[at + 27 : at + 27 + count]
        for lace in laces:
            sound += lace if ended >= _HEADERS else 0
            ended += lace < 255
        at += 27 + count + sum(laces)
    return sound


CODECS: Mapping[str, CodecFactory] = {"vorbis": lambda paths: Vorbis()}
