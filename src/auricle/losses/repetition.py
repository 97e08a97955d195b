"""What a buzz is: a waveform that comes again from hop to hop where the original's does not."""

from typing import final

import torch
from pydantic import Field
from torch import Tensor

from auricle.losses.base import Loss, LossConfig
from auricle.model.front_end import MdctConfig, front_end

_FAINT = 1e-6


@final
class Repetition(Loss):
    """How much more alike frames one and two hops apart are than those of the original.

    Where a decoder knows nothing of phases, every distance of spectra prefers one smooth waveform again and again to
    noise. The squared correlation of coefficients tells the two apart, in a quiet pause as well as in a loud hiss.
    """

    def __init__(self, hop_length: int, band_bins: int, frames: int, lags: tuple[int, ...]):
        super().__init__()
        self.analysis, _, _ = front_end(MdctConfig(hop_length=hop_length))
        self._hop, self._bins, self._frames, self._lags = hop_length, band_bins, frames, lags

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)``, from 0 to 1, the mean over bands, places and lags."""
        estimated, original = (self._correlations(signal) for signal in (estimate, reference))
        return torch.stack(
            [(more - few).relu().mean((1, 2)) for more, few in zip(estimated, original, strict=True)]
        ).mean(0)

    def _correlations(self, audio: Tensor) -> list[Tensor]:
        """Squared correlations ``(b, n, l)`` for each lag, over ``frames`` frames."""
        length = audio.shape[1] // self._hop * self._hop
        frames = self.analysis(audio[:, :length, None])
        count = frames.shape[2] // self._bins
        bands = frames[:, :, : count * self._bins].unflatten(2, (count, self._bins))
        energies = bands.square().sum(-1)
        return [self._correlation(bands, energies, lag) for lag in self._lags]

    def _correlation(self, bands: Tensor, energies: Tensor, lag: int) -> Tensor:
        products = (bands[:, lag:] * bands[:, :-lag]).sum(-1)
        sums = (products, energies[:, lag:], energies[:, :-lag])
        product, first, second = (values.unfold(1, self._frames, self._frames // 2).sum(-1) for values in sums)
        return product.square() / (first * second + _FAINT)


@final
class RepetitionConfig(LossConfig, kind="repetition"):
    """Correlation of frames a hop apart beyond that of the original."""

    hop_length: int = Field(default=320, ge=2, le=8192, multiple_of=2, description="samples per frame: the codec's")
    band_bins: int = Field(default=20, ge=2, description="coefficients that are correlated together")
    frames: int = Field(default=6, ge=2, description="frames that are correlated together")
    lags: tuple[int, ...] = Field(default=(1, 2), min_length=1, description="distances in hops")

    def build(self, sample_rate: int) -> Repetition:
        return Repetition(self.hop_length, self.band_bins, self.frames, self.lags)
