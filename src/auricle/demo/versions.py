"""One excerpt through the codec at one bitrate."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import read
from auricle.audio.writer import write
from auricle.codec import compress, decompress
from auricle.demo.excerpts import Excerpt
from auricle.metrics import mel_distance, si_sdr
from auricle.model import Autoencoder


@final
@dataclass(frozen=True, eq=False)
class ExcerptVersion:
    """An excerpt at one bitrate, as it came back.

    Attributes:
        excerpt: the original.
        model: name of the model.
        target_kbps: the bitrate that the encoder was set to, all channels together.
        kbps: that of the real file.
        quality: where the model's quality dial stood.
        mel_distance: log-mel distance to the original in nepers, lower is better.
        si_sdr: scale-invariant signal-to-distortion ratio in dB.
        encode_speed: seconds of sound per second, with the search for the bitrate.
        decode_speed: seconds of sound per second.
        data: the .aur file itself.
        audio: float32 ``(c, t)`` decoded.
    """

    excerpt: Excerpt = field(repr=False)
    model: str
    target_kbps: float
    kbps: float
    quality: float
    mel_distance: float
    si_sdr: float
    encode_speed: float
    decode_speed: float
    data: bytes = field(repr=False)
    audio: np.ndarray = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of the .aur file."""
        return len(self.data)

    @property
    def compression_ratio(self) -> float:
        """How many times smaller than plain 16-bit samples."""
        return self.excerpt.pcm_bytes / self.size


def code_excerpt(excerpt: Excerpt, model: Autoencoder, kbps: float, folder: Path) -> ExcerptVersion:
    """Compress and decompress an excerpt through real files in ``folder``."""
    original, coded, decoded = folder / "excerpt.wav", folder / "excerpt.aur", folder / "decoded.wav"
    write(original, excerpt.audio, excerpt.sample_rate, force=True)
    started = time.perf_counter()
    result = compress(original, coded, model=model, kbps=kbps, force=True)
    between = time.perf_counter()
    decompress(coded, decoded, model=model, force=True)
    ended = time.perf_counter()
    audio, _ = read(decoded)
    reference = np.clip(excerpt.audio, -1.0, 1.0)
    return ExcerptVersion(
        excerpt=excerpt,
        model=result.model,
        target_kbps=kbps,
        kbps=result.kbps,
        quality=result.quality,
        mel_distance=mel_distance(reference, audio, excerpt.sample_rate),
        si_sdr=si_sdr(reference, audio),
        encode_speed=excerpt.seconds / (between - started),
        decode_speed=excerpt.seconds / (ended - between),
        data=coded.read_bytes(),
        audio=audio,
    )
