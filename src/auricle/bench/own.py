"""Auricle's codec by way of real files, and a model without one."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from auricle.audio import AudioWriter, read, resample
from auricle.bench.judge import Coder
from auricle.bench.peer import Decoded
from auricle.codec import compress, decompress
from auricle.model import Autoencoder


def through_files(model: Autoencoder, *, quality: float | None = None, kbps: float | None = None) -> Coder:
    """Compress to a file in a temporary folder and decompress it, at a quality or within a bitrate.

    The coder raises what `auricle.codec.compress` raises.
    """

    def code(audio: np.ndarray, sample_rate: int) -> Decoded:
        with TemporaryDirectory() as folder:
            source, stored, back = (Path(folder) / name for name in ("in.wav", "coded.aur", "out.wav"))
            with AudioWriter(source, sample_rate, audio.shape[0], "FLOAT") as writer:
                writer.write(audio)
            made = compress(source, stored, model=model, quality=quality, kbps=kbps)
            decompress(stored, back, model=model)
            return Decoded.of(read(back)[0], sample_rate, made.bytes)

    return code


def through_latents(model: Autoencoder, *, quality: float = 0.0) -> Coder:
    """Encode, pass the bottleneck as in use, and decode: for models that make no files. Stored bytes are 0."""

    @torch.inference_mode()
    def code(audio: np.ndarray, sample_rate: int) -> Decoded:
        device = next(model.parameters()).device
        native = torch.from_numpy(resample(audio, sample_rate, model.sample_rate)).to(device)
        z = model.encode(native)
        passed = model.bottleneck(z, torch.full((len(z),), quality, device=device)).z
        back = model.decode(passed, native.shape[1]).cpu().numpy()
        return Decoded.of(resample(back, model.sample_rate, sample_rate)[:, : audio.shape[1]], sample_rate, 0)

    return code
