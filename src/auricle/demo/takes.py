"""One piece through the codec at one bitrate."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import read
from auricle.audio.writer import write
from auricle.codec import compress, decompress
from auricle.demo.pieces import Piece
from auricle.metrics import mel_distance, si_sdr
from auricle.model import Autoencoder


@final
@dataclass(frozen=True, eq=False)
class Take:
    """What came back.

    Attributes:
        piece: the original.
        model: name of the model.
        wanted_kbps: the bitrate that was asked for, all channels together.
        kbps: that of the real file.
        quality: where the model's quality dial stood.
        mel_distance: log-mel distance to the original in nepers, lower is better.
        si_sdr: scale-invariant signal-to-distortion ratio in dB.
        encode_speed: seconds of sound per second, with the search for the bitrate.
        decode_speed: seconds of sound per second.
        coded: the .aur file itself.
        audio: float32 ``(c, t)`` decoded.
    """

    piece: Piece = field(repr=False)
    model: str
    wanted_kbps: float
    kbps: float
    quality: float
    mel_distance: float
    si_sdr: float
    encode_speed: float
    decode_speed: float
    coded: bytes = field(repr=False)
    audio: np.ndarray = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of the .aur file."""
        return len(self.coded)

    @property
    def smaller(self) -> float:
        """How many times smaller than plain 16-bit samples."""
        return self.piece.pcm_bytes / self.size


def take(piece: Piece, model: Autoencoder, kbps: float, folder: Path) -> Take:
    """Compress and decompress a piece through real files in ``folder``."""
    original, coded, decoded = folder / "piece.wav", folder / "piece.aur", folder / "decoded.wav"
    write(original, piece.audio, piece.sample_rate, force=True)
    started = time.perf_counter()
    made = compress(original, coded, model=model, kbps=kbps, force=True)
    between = time.perf_counter()
    decompress(coded, decoded, model=model, force=True)
    ended = time.perf_counter()
    audio, _ = read(decoded)
    reference = np.clip(piece.audio, -1.0, 1.0)
    return Take(
        piece=piece,
        model=made.model,
        wanted_kbps=kbps,
        kbps=made.kbps,
        quality=made.quality,
        mel_distance=mel_distance(reference, audio, piece.sample_rate),
        si_sdr=si_sdr(reference, audio),
        encode_speed=piece.seconds / (between - started),
        decode_speed=piece.seconds / (ended - between),
        coded=coded.read_bytes(),
        audio=audio,
    )
