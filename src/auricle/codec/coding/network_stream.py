"""Sound to latents and codes to sound, block by block, through a model's streaming layers; and what is heard where
packets are lost."""

from math import gcd
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import Resampler, resampled_length
from auricle.codec.format.channel_rotation import rotation
from auricle.codec.format.header import Header
from auricle.model import Autoencoder
from auricle.model.bands import with_coherence
from auricle.stream import Stream, threads

FALL_SECONDS = 0.25
RISE_SECONDS = 0.06


@final
class Fader:
    """The gain over a stream of samples, from the spans that are lost: it fades out and in, so nothing clicks.

    The decoder goes on with the last latent frame that it has. The gain falls to zero within `FALL_SECONDS` of the
    loss, so that a short loss is only dimmed, and rises again within `RISE_SECONDS` when frames return.

    Args:
        sample_rate: of the samples, in Hz.
    """

    def __init__(self, sample_rate: int):
        self._fall, self._rise = (max(1.0, seconds * sample_rate) for seconds in (FALL_SECONDS, RISE_SECONDS))
        self._spans: list[tuple[int, int]] = []

    def mark_lost(self, begin: int, end: int) -> None:
        """Note that samples ``begin`` to ``end`` are not real; spans come in order, ones that touch become one."""
        if self._spans and self._spans[-1][1] >= begin:
            begin = self._spans.pop()[0]
        self._spans.append((begin, end))

    def gain(self, begin: int, length: int) -> np.ndarray | None:
        """Gain float32 ``(length,)`` over samples from ``begin`` on, or None where it is 1; blocks come in order."""
        self._spans = [span for span in self._spans if span[1] + self._rise > begin]
        if not self._spans or self._spans[0][0] >= begin + length:
            return None
        t = np.arange(begin, begin + length, dtype=np.float64)
        level = np.ones(length)
        for first, last in self._spans:
            falling = np.clip(1 - (t - first) / self._fall, 0, 1)
            lowest = max(0.0, 1 - (last - first) / self._fall)
            rising = np.clip(lowest + (t - last) / self._rise, 0, 1)
            level = np.minimum(level, np.where(t < last, falling, rising))
        return (np.sin(level * np.pi / 2) ** 2).astype(np.float32)


@final
class LatentEncoder:
    """Turns a sound's blocks into the frames that its file needs."""

    def __init__(self, model: Autoencoder, header: Header):
        self._header = header
        self._matrix = (rotation(header.angles, header.channels) * 10 ** (header.gain_db / 20)).astype(np.float32)
        self._resampler = Resampler(header.sample_rate, header.native_rate, header.channels)
        self._device = next(model.parameters()).device
        self._stream = Stream(
            model.encoder,
            batch=header.channels,
            chunk=header.run_frames * model.encoder.block,
            device=self._device,
        )
        self.samples = 0
        self._native = 0

    def push(self, block: np.ndarray) -> Tensor:
        """Take audio ``(c, t)`` at its own rate; return the latents ``(c, n, d)`` that are ready."""
        self.samples += block.shape[1]
        return self._run(self._resampler.push(block))

    def finish(self) -> Tensor:
        """Return the rest: after it ``header.frames`` of the samples that were pushed have come out."""
        ready = [self._run(self._resampler.flush())]
        missing = self._header.frames(self.samples) * self._header.hop_length - self._native
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
    """Turns packets' codes back into the sound's blocks.

    Args:
        model: what decodes.
        header: of the file.
        first_frame: where in the file the codes begin.
        run_frames: frames per run of the network; by default as short as for a pipe.

    Attributes:
        position: sample of the sound, per channel at its own rate, that the next block begins with.
    """

    def __init__(self, model: Autoencoder, header: Header, first_frame: int = 0, run_frames: int | None = None):
        self._bottleneck, self._header = model.bottleneck, header
        self._matrix = (rotation(header.angles, header.channels).T / 10 ** (header.gain_db / 20)).astype(np.float32)
        self._resampler = Resampler(header.native_rate, header.sample_rate, header.channels)
        self._device = next(model.parameters()).device
        self._stream = Stream(
            model.decoder,
            batch=header.channels,
            chunk=(run_frames or header.run_frames) * model.decoder.block,
            device=self._device,
            prepare=lambda state: with_coherence(model.decoder, state, header.coherence),
        )
        self._fader = Fader(header.native_rate)
        self._last_frame = torch.zeros(header.channels, 1, model.latent_dim, device=self._device)
        self._frames = first_frame
        self._native = first_frame * header.hop_length
        # Only here do samples of both rates fall on the same moment; so begins what is resampled.
        shared = header.native_rate // gcd(header.native_rate, header.sample_rate)
        self._skip = -self._native % shared
        self.position = (self._native + self._skip) * header.sample_rate // header.native_rate

    def push(self, codes: np.ndarray) -> np.ndarray:
        """Take a packet's codes int32 ``(c, n, k)``; return the audio ``(c, t)`` that is ready, at its own rate."""
        return self._emit(self._resampler.push(self._decoded(codes)))

    def conceal(self, frames: int) -> np.ndarray:
        """Go on without ``frames`` frames that are lost; return the audio ``(c, t)`` that is ready."""
        return self._emit(self._resampler.push(self._concealed(frames)))

    def finish(self, codes: np.ndarray | None, frames: int, samples: int) -> np.ndarray:
        """Take the last packet's codes, or None where they are lost; return the rest of a sound of ``samples``."""
        if samples == 0:
            return np.zeros((self._header.channels, 0), np.float32)
        missing = resampled_length(samples, self._header.sample_rate, self._header.native_rate) - self._native
        last = self._concealed(frames) if codes is None else self._decoded(codes)
        with torch.inference_mode():
            tail = np.concatenate((last, self._to_sound(self._stream.flush())), axis=1)
        ready = self._resampler.push(tail[:, : max(0, missing)]), self._resampler.flush()
        return self._emit(np.concatenate(ready, axis=1)[:, : max(0, samples - self.position)])

    @torch.inference_mode()
    def _decoded(self, codes: np.ndarray) -> np.ndarray:
        with threads(1):
            z = self._bottleneck.dequantise(torch.from_numpy(codes).to(self._device), self._header.quality)
        self._last_frame = z[:, -1:]
        self._frames += codes.shape[1]
        return self._to_sound(self._stream.push(z))

    @torch.inference_mode()
    def _concealed(self, frames: int) -> np.ndarray:
        hop, delay = self._header.hop_length, self._header.delay
        self._fader.mark_lost(self._frames * hop - delay, (self._frames + frames) * hop - delay)
        self._frames += frames
        return self._to_sound(self._stream.push(self._last_frame.expand(-1, frames, -1)))

    def _to_sound(self, rotated: Tensor) -> np.ndarray:
        native = self._matrix @ rotated.squeeze(2).cpu().numpy()
        gain = self._fader.gain(self._native, native.shape[1])
        self._native += native.shape[1]
        cut = min(self._skip, native.shape[1])
        self._skip -= cut
        return (native if gain is None else native * gain)[:, cut:]

    def _emit(self, block: np.ndarray) -> np.ndarray:
        self.position += block.shape[1]
        return block
