"""Distances between samples."""

from typing import final

from torch import Tensor

from auricle.losses.base import Loss, LossConfig


@final
class L1(Loss):
    """Mean absolute difference."""

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)``."""
        return (estimate - reference).abs().mean(1)


@final
class MeanSquaredError(Loss):
    """Mean squared difference."""

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)``."""
        return (estimate - reference).square().mean(1)


@final
class L1Config(LossConfig, kind="l1"):
    """Mean absolute difference of samples."""

    def build(self, sample_rate: int) -> L1:
        return L1()


@final
class MeanSquaredErrorConfig(LossConfig, kind="mse"):
    """Mean squared difference of samples."""

    def build(self, sample_rate: int) -> MeanSquaredError:
        return MeanSquaredError()
