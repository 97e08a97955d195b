"""Sound to latents and codes to sound, block by block, through a model's streaming layers."""

from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import Resampler, resampled_length
from auricle.codec.header import Header
from auricle.codec.rotation import rotation
from auricle.model import Autoencoder
from auricle.stream import Stream

_CHUNK_FRAMES = 64
"""Frames per run of the network, always the same: so codes do not depend on how a sound arrives."""


@final
class LatentEncoder:
    """Turns a sound's blocks into the frames that its file needs."""

    def __init__(self, model: Autoencoder, header: Header):
        self._model, self._header = model, header
        self._matrix = rotation(header.angles, header.channels).astype(np.float32)
        self._resampler = Resampler(header.sample_rate, header.native_rate, header.channels)
        self._device = next(model.parameters()).device
        self._stream = Stream(
            model.encoder,
            batch=header.channels,
            chunk=_CHUNK_FRAMES * model.encoder.block,
            device=self._device,
        )
        self._samples = 0
        self._native = 0

    def push(self, block: np.ndarray) -> Tensor:
        """Take audio ``(c, t)`` at its own rate; return the latents ``(c, n, d)`` that are ready."""
        self._samples += block.shape[1]
        return self._run(self._resampler.push(block))

    def finish(self) -> Tensor:
        """Return the rest: after it ``header.frames`` of the samples that were pushed have come out."""
        ready = [self._run(self._resampler.flush())]
        missing = self._header.frames(self._samples) * self._header.hop_length - self._native
        ready.append(self._run(np.zeros((self._header.channels, missing), np.float32)))
        with torch.inference_mode():
            ready.append(self._stream.flush())
        return torch.cat(ready, dim=1)

    @torch.inference_mode()
    def _run(self, native: np.ndarray) -> Tensor:
        self._native += native.shape[1]
        rotated = torch.from_numpy(self._matrix @ native)
        return self._stream.push(rotated.to(self._device).unsqueeze(2))


@final
class SoundDecoder:
    """Turns packets' codes back into the sound's blocks."""

    def __init__(self, model: Autoencoder, header: Header):
        self._model, self._header = model, header
        self._matrix = rotation(header.angles, header.channels).T.astype(np.float32)
        self._resampler = Resampler(header.native_rate, header.sample_rate, header.channels)
        self._device = next(model.parameters()).device
        self._stream = Stream(
            model.decoder,
            batch=header.channels,
            chunk=_CHUNK_FRAMES * model.decoder.block,
            device=self._device,
        )
        self._native = 0
        self._given = 0

    def push(self, codes: np.ndarray) -> np.ndarray:
        """Take a packet's codes int32 ``(c, n, k)``; return the audio ``(c, t)`` that is ready, at its own rate."""
        return self._give(self._resampler.push(self._run(codes)))

    def finish(self, codes: np.ndarray, samples: int) -> np.ndarray:
        """Take the last packet's codes; return the rest, so that ``samples`` samples have come out in all."""
        if samples == 0:
            return np.zeros((self._header.channels, 0), np.float32)
        wanted = resampled_length(samples, self._header.sample_rate, self._header.native_rate) - self._native
        with torch.inference_mode():
            last = np.concatenate((self._run(codes), self._rotate_back(self._stream.flush())), axis=1)
        ready = self._resampler.push(last[:, :wanted]), self._resampler.flush()
        return self._give(np.concatenate(ready, axis=1)[:, : samples - self._given])

    @torch.inference_mode()
    def _run(self, codes: np.ndarray) -> np.ndarray:
        z = self._model.bottleneck.dequantise(torch.from_numpy(codes).to(self._device), self._header.quality)
        native = self._rotate_back(self._stream.push(z))
        self._native += native.shape[1]
        return native

    def _rotate_back(self, audio: Tensor) -> np.ndarray:
        return self._matrix @ audio.squeeze(2).cpu().numpy()

    def _give(self, block: np.ndarray) -> np.ndarray:
        self._given += block.shape[1]
        return block
