"""Sounds in every container and codec that PyAV can write, for tests and benchmarks of reading."""

import io
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.codec import Codec, codecs_available

LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
SHAPES = [(16_000, 1, 5001), (44_100, 2, 30_011), (8_000, 1, 12_345), (48_000, 6, 20_001), (48_000, 8, 9_999)]
"""Sample rate, channels and samples; no container's frames divide these lengths."""
CONTAINERS = (
    *(
        "3g2",
        "3gp",
        "ac3",
        "adts",
        "adx",
        "aiff",
        "amr",
        "asf",
        "ast",
        "au",
        "avi",
        "caf",
        "eac3",
        "f4v",
        "flac",
        "flv",
    ),
    *("ipod", "ircam", "matroska", "mmf", "mov", "mp2", "mp3", "mp4", "mpegts", "nut", "ogg", "opus", "sox", "tta"),
    *("vob", "voc", "w64", "wav", "webm", "wv"),
)
"""All that say in their bytes what they hold."""


class Kind(NamedTuple):
    """A container, a codec, a sample rate, channels and samples."""

    container: str
    codec: str
    rate: int
    channels: int
    samples: int

    def __str__(self) -> str:
        return f"{self.container}-{self.codec}-{self.rate}-{self.channels}"


def tone(rate: int, channels: int, samples: int) -> np.ndarray:
    """Tones with a little noise, float32 ``(c, t)``."""
    time = np.arange(samples) / rate
    noise = 0.02 * np.random.default_rng(samples).standard_normal((channels, samples))
    pitches = 440.0 * np.arange(1, channels + 1)[:, None]
    return (0.4 * np.sin(2 * np.pi * pitches * time) + noise).astype(np.float32)


def write(kind: Kind, sound: np.ndarray | None = None, options: dict[str, str] | None = None) -> bytes:
    """The bytes of a file; PyAV's error where this container can't hold this codec or shape."""
    layout, sound = LAYOUTS[kind.channels], tone(*kind[2:]) if sound is None else sound
    file = io.BytesIO()
    with av.open(file, "w", format=kind.container, options={"strict": "-2", **(options or {})}) as container:
        stream = container.add_stream(kind.codec, rate=kind.rate, layout=layout)
        # Interleaved: PyAV reads beyond the planes of a planar frame of eight channels.
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T).reshape(1, -1), format="flt", layout=layout)
        frame.rate, frame.pts = kind.rate, 0
        stream.codec_context.open()
        fifo = AudioFifo()
        for part in av.AudioResampler(stream.codec_context.format, layout, kind.rate).resample(frame):
            fifo.write(part)
        size, at = stream.codec_context.frame_size or 1024, 0
        while fifo.samples:
            part = fifo.read(min(size, fifo.samples))
            part.rate, part.pts, part.time_base = kind.rate, at, Fraction(1, kind.rate)
            at += part.samples
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return file.getvalue()


def kinds() -> list[Kind]:
    """Every pair of container and codec in every shape; many can't be written, which only `write` tells."""
    codecs = [name for name in sorted(codecs_available) if _encodes(name)]
    return [Kind(c, codec, *shape) for c in CONTAINERS for codec in codecs for shape in SHAPES]


def _encodes(codec: str) -> bool:
    try:
        return Codec(codec, "w").type == "audio" and codec != "anull"
    except ValueError:
        return False
