"""Whether what begins suddenly begins at its level."""

from typing import final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from auricle.losses.base import Loss, LossConfig

_OVERLAP = 4
_FAINT = 1e-8


@final
class Onset(Loss):
    """How far the level is from the original's where a sound begins suddenly, and what is heard just before.

    A beginning lasts a thousandth of a sound, so means over all of it hardly know it, but it is what a hit sounds like.
    """

    def __init__(self, window: int, before: int, rise: float, hush: int, depth: float):
        super().__init__()
        self._window, self._step = window, window // _OVERLAP
        self._before, self._rise = max(1, before // self._step), rise
        self._hush, self._depth = max(1, hush // self._step), depth

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)`` in nepers: the mean over windows in which the original begins, and the mean
        excess over those just before; 0 without any.
        """
        original, estimated = self._power(reference), self._power(estimate)
        past = F.pad(original, (self._before + _OVERLAP - 1, 0))[:, : original.shape[1] + self._before - 1]
        loudest = F.max_pool1d(past[:, None], self._before, 1)[:, 0]
        begins = (original > self._rise * (loudest + _FAINT)).to(estimated.dtype)
        gap = ((estimated + _FAINT).log() - (original + _FAINT).log()).abs() / 2
        return _mean_where(begins, gap) + self._before_beginnings(begins, original, estimated)

    def _before_beginnings(self, begins: Tensor, original: Tensor, estimated: Tensor) -> Tensor:
        """Mean of nepers by which windows up to a beginning are too loud ``(b,)``."""
        early = F.max_pool1d(F.pad(begins, (0, self._hush))[:, None], self._hush + 1, 1)[:, 0] * (1 - begins)
        follows = F.max_pool1d(F.pad(original, (0, self._hush))[:, None], self._hush + 1, 1)[:, 0]
        allowed = torch.maximum(original, follows * self._depth) + _FAINT
        excess = ((estimated + _FAINT).log() - allowed.log()).clamp(min=0.0) / 2
        return _mean_where(early, excess)

    def _power(self, audio: Tensor) -> Tensor:
        """Mean square of windows that overlap by three quarters, the first of them nearly before the sound."""
        padded = F.pad(audio, (self._window - self._step, 0))
        return F.avg_pool1d(padded.square()[:, None], self._window, self._step)[:, 0]


def _mean_where(chosen: Tensor, values: Tensor) -> Tensor:
    """Means ``(b,)`` of the windows ``(b, n)`` that are 1; 0 without any."""
    return (chosen * values).sum(1) / chosen.sum(1).clamp(min=1.0)


@final
class OnsetConfig(LossConfig, kind="onset"):
    """Distance of levels where sounds begin suddenly."""

    seconds: float = Field(default=0.001, gt=0, description="length of a window")
    before: float = Field(default=0.01, gt=0, description="seconds of quiet before a beginning")
    rise_db: float = Field(default=30.0, gt=0, description="by how much a beginning is louder than what was before")
    hush: float = Field(default=0.0025, gt=0, description="seconds up to a beginning in which it must be quiet")
    hush_db: float = Field(default=28.0, gt=0, description="by how much these must be below the beginning")

    def build(self, sample_rate: int) -> Onset:
        window = _OVERLAP * max(1, round(self.seconds * sample_rate / _OVERLAP))
        before, hush = (round(seconds * sample_rate) for seconds in (self.before, self.hush))
        return Onset(window, before, 10 ** (self.rise_db / 10), hush, 10 ** (-self.hush_db / 10))
