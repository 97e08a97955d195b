"""What every discriminator offers."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from auricle.model.registry import RegisteredConfig


class DiscriminatorOutput(NamedTuple):
    """What a discriminator makes of sounds."""

    score: Tensor
    """(b, 1, h, w) one score per place; the higher, the more it sounds like an original."""
    features: tuple[Tensor, ...]
    """(b, c, h, w) output of each layer before the score."""


class Discriminator(nn.Module, ABC):
    """One view of a sound, judged place by place."""

    @abstractmethod
    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        """Judge sounds ``(b, t)`` of any length from one sample on, differentiable in the audio."""


class DiscriminatorConfig(RegisteredConfig):
    @abstractmethod
    def build(self, sample_rate: int) -> Discriminator:
        """The discriminator for sounds of this rate, with random weights."""
