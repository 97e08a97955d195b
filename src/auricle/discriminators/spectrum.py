"""Discriminators of complex spectra."""

from typing import final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from auricle.discriminators.base import Discriminator, DiscriminatorConfig, DiscriminatorOutput
from auricle.discriminators.stack import ConvConfig, Stack
from auricle.dsp.stft import complex_stft, compress_power

_FLOOR = 1e-4  # a lower one makes the slope at quiet bins so steep that they rule the generator's gradient


@final
class Spectrum(Discriminator):
    """Judges the complex STFT of one resolution (Defossez et al., 2022).

    Magnitudes are compressed by a power, so that quiet bands are heard. Beside real and imaginary part stand two planes
    that a small network can't work out itself: the magnitude, and the height of each bin (Liu et al., 2018), without
    which convolutions would not know high from low.
    """

    def __init__(self, n_fft: int, hop_length: int, exponent: float, layers: tuple[ConvConfig, ...]):
        super().__init__()
        window = torch.hann_window(n_fft)
        self.register_buffer("window", window / window.square().sum().sqrt(), persistent=False)
        self.register_buffer("height", torch.linspace(-1.0, 1.0, n_fft // 2 + 1), persistent=False)
        self.stack = Stack(4, layers, (3, 3))
        self._hop, self._exponent = hop_length, exponent

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        """Judge ``(b, t)``; scores and features are ``(b, c, n, bins)`` with their strides."""
        return self.stack(self._planes(audio))

    def _planes(self, audio: Tensor) -> Tensor:
        """Compressed spectrum and heights ``(b, 4, n, bins)``, always in float32."""
        window = self.get_buffer("window")
        with torch.autocast(audio.device.type, enabled=False):
            audio = F.pad(audio.float(), (0, max(0, window.shape[0] - audio.shape[1])))
            parts = compress_power(complex_stft(audio, window, self._hop), self._exponent, _FLOOR)
            planes = [part.transpose(1, 2) for part in parts]
            return torch.stack([*planes, self.get_buffer("height").expand_as(planes[0])], 1)


@final
class SpectrumConfig(DiscriminatorConfig, kind="stft"):
    """A discriminator of complex spectra of one resolution."""

    n_fft: int = Field(default=512, ge=16, le=16384, multiple_of=2, description="window length in samples")
    hop_length: int = Field(default=128, ge=1, le=8192, description="samples from window to window")
    exponent: float = Field(default=0.5, gt=0, le=1, description="power of the magnitudes")
    layers: tuple[ConvConfig, ...] = Field(
        default=(
            ConvConfig(channels=16, kernel=(3, 9), stride=(1, 4)),
            ConvConfig(channels=32, kernel=(3, 5), stride=(2, 2)),
            ConvConfig(channels=32, stride=(1, 2)),
        ),
        min_length=1,
        description="convolutions over (frames, bins)",
    )

    def build(self, sample_rate: int) -> Spectrum:
        return Spectrum(self.n_fft, self.hop_length, self.exponent, self.layers)
