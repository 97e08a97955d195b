"""What every loss offers."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from auricle.model.registry import RegisteredConfig


class Loss(nn.Module, ABC):
    """A distance between sounds, one value per item of the batch."""

    @abstractmethod
    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Estimates and references ``(b, t)`` to distances ``(b,)``, differentiable in the estimate."""


class LossConfig(RegisteredConfig):
    """A loss; its ``kind`` names the term in logs."""

    @abstractmethod
    def build(self, sample_rate: int) -> Loss:
        """The loss for sounds of this rate."""
