"""Opus (RFC 6716) through libopus in PyAV, in Ogg files (RFC 7845)."""

import io
from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Literal, cast, final

import numpy as np

from auricle.audio import resample
from auricle.bench.codecs._registry import CodecFactory
from auricle.bench.codecs.base import Codec, EncodedSound, SettingRange, check_sound, next_supported_rate

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream

_RATES = (8000, 12000, 16000, 24000, 48000)
DECODED_RATE = 48000
_LOWEST, _HIGHEST = 6.0, 256.0
_LAYOUTS = ("mono", "stereo")


@final
class Opus(Codec):
    """libopus at its highest complexity with variable bitrate.

    The stored size is that of the whole Ogg file. Sound of a rate that Opus does not know is resampled to the next
    higher one that it knows. 6 kb/s is the least that Opus is made for.

    Args:
        application: what libopus is told to make sound good: ``voip`` favours speech, ``audio`` everything.
        frame_ms: length of a frame. 20 is what everybody uses; 60 is better per byte at the lowest bitrates.
    """

    def __init__(self, application: Literal["voip", "audio"] = "audio", *, frame_ms: Literal[20, 40, 60] = 20) -> None:
        self._application, self._frame_ms = application, frame_ms
        self.name = "opus" if application == "audio" else f"opus-{application}"
        if frame_ms != 20:
            self.name += f"-{frame_ms}ms"

    def missing(self) -> str | None:
        """None, or that PyAV or its libopus is missing."""
        return missing_encoder()

    def version(self) -> str:
        """Of PyAV, which brings libopus."""
        return f"libopus of PyAV {metadata.version('av')}"

    @property
    def setting_range(self) -> SettingRange:
        """6 to 256 kb/s."""
        return SettingRange(_LOWEST, _HIGHEST)

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        """Encode to an Ogg file in memory; see `Codec.encode`."""
        check_sound(self.name, audio, sample_rate, most_channels=len(_LAYOUTS))
        rate = next_supported_rate(sample_rate, _RATES)
        data = self._file(resample(audio, sample_rate, rate), rate, round(setting * 1000))
        return EncodedSound.of(data, audio, sample_rate, setting, sum(map(len, packets(data))))

    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        """Decode with the decoder of FFmpeg's libopus; see `Codec.decode`."""
        return decoded_by_av(stored.data, DECODED_RATE), DECODED_RATE

    def _file(self, audio: np.ndarray, rate: int, bit_rate: int) -> bytes:
        options = {
            "application": self._application,
            "vbr": "on",
            "compression_level": "10",
            "frame_duration": str(self._frame_ms),
        }
        return encoded_by_av(audio, rate, codec="libopus", container="ogg", bit_rate=bit_rate, options=options)


def encoded_by_av(
    audio: np.ndarray, rate: int, *, codec: str, container: str, bit_rate: int, options: dict[str, str]
) -> bytes:
    """A file of float32 ``(c, t)``, one or two channels, by one of FFmpeg's encoders."""
    import av
    from av.audio.frame import AudioFrame

    layout = _LAYOUTS[audio.shape[0] - 1]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as target:
        stream = cast("AudioStream", target.add_stream(codec, rate=rate, options=options))
        context = cast("AudioCodecContext", stream.codec_context)
        planar = codec == "libmp3lame"
        kind = "fltp" if planar else "flt"
        context.bit_rate, context.layout, context.format = bit_rate, layout, kind
        clipped = np.clip(audio, -1.0, 1.0)
        shaped = clipped if planar else clipped.T.reshape(1, -1)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(shaped, np.float32), format=kind, layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        for last in (frame, None):
            target.mux(stream.encode(last))
    return file.getvalue()


def decoded_by_av(data: bytes, rate: int) -> np.ndarray:
    """Float32 ``(c, t)`` at a rate in Hz of a file."""
    import av
    from av.audio.resampler import AudioResampler

    with av.open(io.BytesIO(data), "r") as container:
        planar = AudioResampler(format="fltp", rate=rate)
        blocks = [part.to_ndarray() for frame in (*container.decode(audio=0), None) for part in planar.resample(frame)]
    return np.concatenate(blocks, axis=1)


def packets(data: bytes) -> list[bytes]:
    """Coded packets of a file."""
    import av

    with av.open(io.BytesIO(data), "r") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def missing_encoder(codec: str = "libopus") -> str | None:
    """None, or that one of FFmpeg's codecs is missing."""
    import av

    if codec not in av.codecs_available:
        return f"this PyAV is built without {codec}: install the wheel from PyPI"
    return None


CODECS: Mapping[str, CodecFactory] = {
    "opus": lambda paths: Opus(),
    "opus-voip": lambda paths: Opus("voip"),
    "opus-60ms": lambda paths: Opus(frame_ms=60),
}
