"""The latents of every sound of a corpus, encoded once into one memory-mapped file that priors are trained from."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, final

import numpy as np
import torch

from auricle.data import DecodedSounds
from auricle.data.checksum import ChecksummedFile
from auricle.data.row_cache import RowCache, SoundRows
from auricle.model import Autoencoder
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.stream import Stream
from auricle.synth.priors.sizes import SoundSize
from auricle.synth.rendering.attack import PIECE, piece_peaks, rise_seconds
from auricle.synth.rendering.level import decibels
from auricle.synth.rendering.mid_side import rotate, to_features

TAIL = 8
"""Frames of silence that are encoded after each sound, so that the way into silence is known."""
_VERSION = 5
_BLOCK_SECONDS = 8.0
_SILENT_SECONDS = 4.0
_INAUDIBLE = 10 ** (-60 / 20)


@final
class LatentCache(RowCache):
    """Encoder outputs of the sounds of a corpus, ``(n, features)`` each, on disk, mapped into memory as they are read.

    Attributes:
        lengths: int64, frames of each sound.
        features: values per frame: the latents of all channels side by side, middle and side where there are two.
        mean: float32 ``(features,)`` over all frames.
        deviation: float32 ``(features,)`` over all frames.
        silence: float32 ``(features,)``, one frame of endless silence.
        sizes: float32 ``(sounds, 2)``: seconds up to the last sample within 60 dB of the largest, and that one in dB
            below full scale.
        attacks: float32 ``(sounds,)``: seconds in which each rises.
    """

    title = "latent cache"
    values_name = "latents.f32"
    dtype = np.float32

    def _read_index(self, index: dict[str, Any]) -> None:
        self.mean, self.deviation, self.silence = (
            np.array(index[name], np.float32) for name in ("mean", "deviation", "silence")
        )
        self.sizes, self.attacks = (np.array(index[name], np.float32) for name in ("sizes", "attacks"))
        self.features = self.mean.size
        self.lengths = self.lengths - TAIL

    @classmethod
    def build(
        cls,
        sounds: DecodedSounds,
        model: Autoencoder,
        folder: Path | str,
        *,
        channels: int = 1,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """Encode sounds into a cache below ``folder``, or open the one that an earlier call made of the same.

        The cache appears whole or not at all. Each sound is encoded in blocks: memory stays flat.

        Args:
            sounds: decoded at the model's rate.
            model: in eval mode; its latents are the encoder's output.
            folder: each set of sounds, encoder and channel count has a subfolder there.
            channels: 1 (the mean of all) or 2 (middle and side).
            on_progress: is told how many sounds are encoded.
            on_note: is told in one line if a damaged cache is made anew.

        Raises:
            DataError: the folder can't be written.
        """
        assert sounds.sample_rate == model.sample_rate, (sounds.sample_rate, model.sample_rate)
        home = Path(folder) / f"latents-{_key(sounds, model, channels)}"
        return cls.open_or_write(
            home, lambda file, scratch: _write_latents(sounds, model, file, channels, on_progress), on_note
        )

    def crop(self, index: int, start: int, count: int) -> np.ndarray:
        """Return float32 ``(count, features)`` of a sound from frame ``start`` on, with silence after its end."""
        stored = self.rows(index, start, count)
        crop = np.empty((count, self.features), np.float32)
        crop[: len(stored)] = stored
        crop[len(stored) :] = self.silence
        return crop


def encoder_key(model: Autoencoder) -> str:
    """Digest (hex) of what decides a model's latents; its fingerprint covers what decides its sound."""
    digest = hashlib.sha256(model.config.model_dump_json().encode())
    for name, tensor in sorted(model.encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


@torch.inference_mode()
def encode_blocks(model: Autoencoder, sounds: DecodedSounds, index: int, channels: int, tail: int = 0) -> np.ndarray:
    """Latents float32 ``(frames + tail, features)`` of a sound and ``tail`` frames of silence, block by block."""
    length, hop = int(sounds.lengths[index]), model.hop_length
    block = max(1, round(_BLOCK_SECONDS * model.sample_rate / hop)) * hop
    frames = model.frames(length) + tail
    total = (frames + model.encoder_latency) * hop
    stream = Stream(model.encoder, batch=channels, chunk=min(block, total))
    pieces = []
    for start in range(0, total, block):
        audio = rotate(torch.from_numpy(sounds.crop(index, start, min(block, total - start))), channels)
        pieces.append(stream.push(audio.unsqueeze(2)))
    if sum(piece.shape[1] for piece in pieces) < frames:
        pieces.append(stream.flush())
    return to_features(torch.cat(pieces, dim=1)[:, :frames]).float().cpu().numpy()


@torch.inference_mode()
def silent_frame(model: Autoencoder, channels: int) -> np.ndarray:
    """One frame of the latents of endless silence, float32 ``(features,)``."""
    z = model.encode(torch.zeros(channels, round(_SILENT_SECONDS * model.sample_rate)))
    return to_features(z[:, -1:])[0].float().cpu().numpy()


def measured_size(sounds: DecodedSounds, index: int, channels: int) -> SoundSize:
    """Length, level and attack of a sound, mixed to one channel where ``channels`` is 1; block by block."""
    length = int(sounds.lengths[index])
    block = round(_BLOCK_SECONDS * sounds.sample_rate / PIECE) * PIECE
    peaks: list[np.ndarray] = []
    for start in range(0, length, block):
        audio = sounds.crop(index, start, min(block, length - start))
        peaks.append(piece_peaks(np.abs(audio.mean(0)) if channels == 1 else np.abs(audio).max(0)))
    largest = np.concatenate(peaks)
    peak = float(largest.max())
    last = int(np.flatnonzero(largest > _INAUDIBLE * peak)[-1]) + 1 if peak else 0
    seconds = min(length, last * PIECE) / sounds.sample_rate
    return SoundSize(seconds, decibels(peak), attack=rise_seconds(largest, sounds.sample_rate))


def _key(sounds: DecodedSounds, model: Autoencoder, channels: int) -> str:
    return hashlib.sha256(f"{_VERSION} {sounds.key} {encoder_key(model)} {channels}".encode()).hexdigest()[:24]


def _write_latents(
    sounds: DecodedSounds, model: Autoencoder, file: ChecksummedFile, channels: int, on_progress: OnProgress
) -> dict[str, Any]:
    entries: list[SoundRows] = []
    count, features = 0, channels * model.latent_dim
    total, squares = np.zeros(features), np.zeros(features)
    on_progress(Progress("encoding sounds", 0, len(sounds), "files"))
    for index, name in enumerate(sounds.names):
        z = encode_blocks(model, sounds, index, channels, TAIL)
        offset = file.tell() // 4
        file.write(np.ascontiguousarray(z, "<f4").tobytes())
        length, width = z.shape
        entries.append(SoundRows(name, offset, length, width, file.take_checksum()))
        frames = z[:-TAIL].astype(np.float64)
        count, total, squares = count + len(frames), total + frames.sum(0), squares + np.square(frames).sum(0)
        on_progress(Progress("encoding sounds", index + 1, len(sounds), "files"))
    mean = total / count
    measured = [measured_size(sounds, index, channels) for index in range(len(sounds))]
    return {
        "sounds": entries,
        "mean": mean.tolist(),
        "deviation": np.sqrt(np.maximum(squares / count - mean**2, 0.0)).tolist(),
        "silence": silent_frame(model, channels).tolist(),
        "sizes": [(size.seconds, size.level_db) for size in measured],
        "attacks": [size.attack for size in measured],
    }
