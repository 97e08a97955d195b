"""A model that plays, hop by hop."""

from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.live.controls import LiveSettings
from auricle.live.steps import hop_steps
from auricle.model import Autoencoder
from auricle.options.live import LiveNetwork
from auricle.stream import threads
from auricle.synth.directions import Directions, placing_channels
from auricle.synth.rendering.mid_side import rotate, to_decoder_input, unrotate

_SILENT_SECONDS = 1.0
_WARM_UP_HOPS = 3


@final
class LiveEngine:
    """Takes a hop of sound, and of a second one, and gives a hop back. Channels are coded as middle and side.

    Args:
        model: what plays.
        channels: 1 or 2.
        directions: to shift latents along.
        network: what computes.

    Attributes:
        hop: samples of a hop.
        lag: samples by which the sound lags.
        sample_rate: in Hz.
    """

    def __init__(
        self,
        model: Autoencoder,
        channels: int,
        directions: Directions | None = None,
        network: LiveNetwork = "torch",
    ):
        self._model, self._channels, self._directions = model, channels, directions
        self.hop, self.lag, self.sample_rate = model.hop_length, model.lag, model.sample_rate
        with torch.inference_mode():
            silence = model.encode(torch.zeros(1, max(1, round(_SILENT_SECONDS * model.sample_rate))))
        self._silence: Tensor = silence[:, -1:]
        mean = torch.zeros(model.latent_dim) if directions is None else torch.from_numpy(directions.mean)
        self._typical = max(float((mean - self._silence).norm()), 1e-9)
        self._steps = hop_steps(model, network)
        self.reset()
        self._warm_up()

    def reset(self) -> None:
        """Forget everything heard."""
        self._encoders = [self._steps.encoder.initial_state(self._channels) for _ in range(2)]
        self._decoder = self._steps.decoder.initial_state(self._channels)

    def _warm_up(self) -> None:
        """Play some silent hops: the first ones allocate memory and choose kernels, and would be late."""
        silence = np.zeros((self._channels, self.hop), np.float32)
        qualities = (None, 0.0) if self._model.bottleneck.codebooks else (None,)
        for quality in qualities * _WARM_UP_HOPS:
            self.play(silence, silence, LiveSettings(quality=quality, mix=0.5))
        self.reset()

    @torch.inference_mode()
    def play(self, block: np.ndarray, second: np.ndarray | None, settings: LiveSettings) -> np.ndarray:
        """A hop ``(c, hop)`` for a hop. What is not finite is silent, and the model begins anew."""
        with threads(1):
            z = self._encoded(0, block)
            if second is not None:
                other = self._encoded(1, second)
                z = torch.lerp(z, other, settings.mix) if settings.mix else z
            z = self._rounded(self._shifted(z, settings.shifts), settings.quality)
            samples, self._decoder = self._steps.decoder.step(z, self._decoder)
            audio = unrotate(samples[..., 0]).numpy()
        if not np.isfinite(audio).all():
            self.reset()
            return np.zeros_like(block)
        return block if settings.bypass else audio.clip(-1.0, 1.0)

    def _encoded(self, place: int, block: np.ndarray) -> Tensor:
        rotated = rotate(torch.from_numpy(block), self._channels).unsqueeze(2)
        z, self._encoders[place] = self._steps.encoder.step(rotated, self._encoders[place])
        return z

    def _shifted(self, z: Tensor, shifts: tuple[float, ...]) -> Tensor:
        """Silence stays silent: a frame is moved the more, the more it differs from it."""
        if self._directions is None or not any(shifts):
            return z
        offset = torch.from_numpy(self._directions.offset(dict(enumerate(shifts)))).to(z.dtype)
        share = ((z - self._silence).norm(dim=2, keepdim=True) / self._typical).clamp(max=1.0)
        moved = z.clone()
        placing_channels(moved).add_(placing_channels(share) * offset)
        return moved

    def _rounded(self, z: Tensor, quality: float | None) -> Tensor:
        if quality is None:
            return to_decoder_input(self._model, z)
        return self._model.bottleneck.dequantise(self._model.bottleneck.quantise(z, quality), quality)
