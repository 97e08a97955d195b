"""Discriminators of every p-th sample."""

from typing import final

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from auricle.discriminators.base import Discriminator, DiscriminatorConfig, DiscriminatorOutput
from auricle.discriminators.stack import ConvConfig, Stack


@final
class Period(Discriminator):
    """Judges samples folded by a period: each column holds every p-th sample (Kong et al., 2020)."""

    def __init__(self, period: int, layers: tuple[ConvConfig, ...]):
        super().__init__()
        self.stack = Stack(1, layers, (3, 1))
        self._period = period

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        """Judge ``(b, t)``; scores and features are ``(b, c, t / period, period)`` with their strides."""
        padded = F.pad(audio, (0, -audio.shape[1] % self._period))
        return self.stack(padded.reshape(len(audio), 1, -1, self._period))


@final
class PeriodConfig(DiscriminatorConfig, kind="period"):
    """A discriminator of samples folded by one period."""

    period: int = Field(default=5, ge=1, le=512, description="samples between neighbours in a column; prime is best")
    layers: tuple[ConvConfig, ...] = Field(
        default=(
            ConvConfig(channels=8, kernel=(5, 1), stride=(3, 1)),
            ConvConfig(channels=16, kernel=(5, 1), stride=(3, 1)),
            ConvConfig(channels=32, kernel=(5, 1), stride=(3, 1)),
            ConvConfig(channels=64, kernel=(5, 1), stride=(3, 1)),
        ),
        min_length=1,
        description="convolutions over (samples, columns)",
    )

    def build(self, sample_rate: int) -> Period:
        return Period(self.period, self.layers)
