"""Distances between samples."""

from typing import final

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from auricle.losses.base import Loss, LossConfig

_QUIETEST = 1e-3


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
class Peaks(Loss):
    """How far peaks of short blocks are from the original's, beyond a tolerance, loud blocks first.

    Mean levels hardly show a click of a millisecond that is three times too loud, and a limiter has to deal with it.
    """

    def __init__(self, block: int, tolerance: float):
        super().__init__()
        self._block, self._tolerance = block, tolerance

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)`` in nepers, the mean over blocks, weighed by the louder of both peaks."""
        estimated, original = self._peaks(estimate), self._peaks(reference)
        weights = estimated.detach().maximum(original)
        excess = ((estimated.log() - original.log()).abs() - self._tolerance).relu()
        return (weights * excess).sum(1) / weights.sum(1)

    def _peaks(self, audio: Tensor) -> Tensor:
        """Largest magnitude in blocks that overlap by half: ``(b, t)`` to ``(b, n)``."""
        return F.max_pool1d(audio.abs()[:, None], 2 * self._block, self._block, self._block)[:, 0] + _QUIETEST


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


@final
class PeaksConfig(LossConfig, kind="peaks"):
    """Distance of the peaks of short blocks."""

    seconds: float = Field(default=0.0025, gt=0, description="length of half a block in seconds")
    tolerance: float = Field(default=0.0, ge=0, description="what a peak may be off without harm, in nepers")

    def build(self, sample_rate: int) -> Peaks:
        return Peaks(max(1, round(self.seconds * sample_rate)), self.tolerance)
