"""Opus (RFC 6716) through libopus in PyAV, in Ogg files (RFC 7845)."""

import importlib.util
import io
from functools import cache
from typing import TYPE_CHECKING, Literal, final

import numpy as np

from auricle.audio import resample
from auricle.bench.peer import Decoded, Peer, check_sound, same_place

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext

_RATES = (8000, 12000, 16000, 24000, 48000)
_DECODED_RATE = 48000
_LOWEST, _HIGHEST = 6.0, 256.0
_LAYOUTS = ("mono", "stereo")


@final
class Opus(Peer):
    """libopus at its highest complexity with variable bitrate.

    The stored size is that of the whole Ogg file. Sound of a rate that Opus does not know is resampled to the next
    higher one that it knows.

    Args:
        application: what libopus is told to make sound good: ``voip`` favours speech, ``audio`` everything.
        frame_ms: length of a frame. 20 is what everybody uses; 60 is better per byte at the lowest bitrates.
    """

    def __init__(self, application: Literal["voip", "audio"] = "audio", *, frame_ms: Literal[20, 40, 60] = 20) -> None:
        self._application, self._frame_ms = application, frame_ms
        self.name = "opus" if frame_ms == 20 else f"opus {frame_ms} ms"

    def available(self) -> str | None:
        """None, or that PyAV or its libopus is missing."""
        return _missing()

    @property
    def bitrates(self) -> tuple[float, ...]:
        """Settings from 6 kb/s, the least that Opus is made for, to 128 kb/s."""
        return (6.0, 8.0, 10.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0)

    def nearest(self, kbps: float) -> float:
        """``kbps`` within 6 to 256."""
        return min(max(kbps, _LOWEST), _HIGHEST)

    def code(self, audio: np.ndarray, sample_rate: int, kbps: float) -> Decoded:
        """Encode to an Ogg file in memory and decode it; see `Peer.code`."""
        check_sound(self.name, audio, sample_rate, most_channels=len(_LAYOUTS))
        rate = next((known for known in _RATES if known >= sample_rate), _DECODED_RATE)
        stored = self._encode(resample(audio, sample_rate, rate), rate, round(kbps * 1000))
        decoded = resample(_decode(stored), _DECODED_RATE, sample_rate)
        return Decoded.of(same_place(audio, decoded, sample_rate), sample_rate, len(stored))

    def _encode(self, audio: np.ndarray, rate: int, bit_rate: int) -> bytes:
        import av
        from av.audio.frame import AudioFrame

        layout = _LAYOUTS[audio.shape[0] - 1]
        options = {
            "application": self._application,
            "vbr": "on",
            "compression_level": "10",
            "frame_duration": str(self._frame_ms),
        }
        file = io.BytesIO()
        with av.open(file, "w", format="ogg") as container:
            stream = container.add_stream("libopus", rate=rate, options=options)
            context: AudioCodecContext = stream.codec_context
            context.bit_rate, context.layout, context.format = bit_rate, layout, "flt"
            packed = np.ascontiguousarray(np.clip(audio, -1.0, 1.0).T.reshape(1, -1), np.float32)
            frame = AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            frame.sample_rate, frame.pts = rate, 0
            for last in (frame, None):
                container.mux(stream.encode(last))
        return file.getvalue()


def _decode(stored: bytes) -> np.ndarray:
    """Float32 ``(c, t)`` at 48 kHz of an Ogg Opus file."""
    import av
    from av.audio.resampler import AudioResampler

    with av.open(io.BytesIO(stored), "r") as container:
        planar = AudioResampler(format="fltp", rate=_DECODED_RATE)
        blocks = [part.to_ndarray() for frame in (*container.decode(audio=0), None) for part in planar.resample(frame)]
    return np.concatenate(blocks, axis=1)


@cache
def _missing() -> str | None:
    if importlib.util.find_spec("av") is None:
        return "Opus needs PyAV: pip install 'auricle[bench]'"
    import av

    if "libopus" not in av.codecs_available:
        return "this PyAV is built without libopus: install the wheel from PyPI"
    return None
