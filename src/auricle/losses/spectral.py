"""Distances between spectra."""

import math
from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from auricle.dsp.mel import band_edges, mel_filterbank
from auricle.losses.base import Loss, LossConfig
from auricle.losses.fused import OVERLAP, magnitudes, power_compressed, spectrum
from auricle.model.front_end import MdctConfig, front_end

_FAINT = 1e-8


def _spectra(audio: Tensor, window: Tensor) -> Tensor:
    """STFT of ``(b, t)`` behind silence, so that windows weigh the first samples as much as later ones."""
    return spectrum(F.pad(audio, (len(window) - len(window) // OVERLAP, 0)), window)


@final
class ComplexStft(Loss):
    """Squared error of power-compressed spectra, magnitude and complex (Ephrat et al., 2018; Braun and Tashev, 2021).

    The complex part ties the phase down, which moves PESQ. Where phases can't be had, both parts prefer a smooth
    repeated waveform to noise, so it can end at a frequency.
    """

    share: Tensor

    def __init__(self, n_fft: tuple[int, ...], bins: tuple[int, ...], exponent: float, magnitude: float):
        super().__init__()
        self.windows = nn.ParameterList(nn.Parameter(torch.hann_window(size), requires_grad=False) for size in n_fft)
        self.register_buffer("share", torch.tensor([magnitude]), persistent=False)
        self._bins, self._exponent = bins, exponent

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)``, the mean over sizes."""
        total = estimate.new_zeros(estimate.shape[0])
        for window, bins in zip(self.windows, self._bins, strict=True):
            estimated, target = (_spectra(signal, window)[..., :bins] for signal in (estimate, reference))
            total = total + power_compressed(estimated, target, self._exponent, self.share)
        return total / len(self.windows)


@final
class ComplexStftConfig(LossConfig, kind="complex_stft"):
    """Power-compressed complex STFT distance."""

    n_fft: tuple[int, ...] = Field(default=(512,), min_length=1, description="window lengths in samples, hop a quarter")
    exponent: float = Field(default=0.3, gt=0, le=1, description="power of the magnitudes")
    magnitude: float = Field(default=0.7, ge=0, le=1, description="share of the magnitude part")
    below: float | None = Field(default=None, gt=0, description="frequency in Hz where it ends; null for none")

    def build(self, sample_rate: int) -> ComplexStft:
        limit = sample_rate if self.below is None else self.below
        bins = tuple(min(size // 2 + 1, math.ceil(limit * size / sample_rate)) for size in self.n_fft)
        return ComplexStft(self.n_fft, bins, self.exponent, self.magnitude)


@final
class MultiResolutionStft(Loss):
    """Spectral convergence plus log-magnitude distance over several windows (Yamamoto et al., 2020)."""

    def __init__(self, n_fft: tuple[int, ...]):
        super().__init__()
        self.windows = nn.ParameterList(nn.Parameter(torch.hann_window(size), requires_grad=False) for size in n_fft)

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)``, the mean over sizes."""
        total = estimate.new_zeros(estimate.shape[0])
        for window in self.windows:
            estimated, target = (magnitudes(_spectra(signal, window)) for signal in (estimate, reference))
            gap = (estimated - target).square().sum((1, 2)).add(1e-8).sqrt()
            convergence = gap / target.square().sum((1, 2)).add(1e-4).sqrt()
            total = total + convergence + (estimated.log() - target.log()).abs().mean((1, 2))
        return total / len(self.windows)


@final
class MultiResolutionStftConfig(LossConfig, kind="stft"):
    """Multi-resolution STFT distance."""

    n_fft: tuple[int, ...] = Field(default=(2048, 1024, 512), min_length=1, description="window lengths in samples")

    def build(self, sample_rate: int) -> MultiResolutionStft:
        return MultiResolutionStft(self.n_fft)


@final
class LogMel(Loss):
    """Mean absolute difference of log-mel magnitudes over several windows."""

    def __init__(
        self, sample_rate: int, n_fft: tuple[int, ...], n_mels: tuple[int, ...], floor: float, below: float | None
    ):
        super().__init__()
        self.windows = nn.ParameterList(nn.Parameter(torch.hann_window(size), requires_grad=False) for size in n_fft)
        self.filters = nn.ParameterList(
            nn.Parameter(torch.from_numpy(_filters_below(sample_rate, size, mels, below)), requires_grad=False)
            for size, mels in zip(n_fft, n_mels, strict=True)
        )
        self._floor = floor

    def _log_mel(self, audio: Tensor, window: Tensor, filters: Tensor) -> Tensor:
        return (magnitudes(_spectra(audio, window)) @ filters.T + self._floor).log()

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)`` in nepers, the mean over sizes."""
        total = estimate.new_zeros(estimate.shape[0])
        for window, filters in zip(self.windows, self.filters, strict=True):
            gap = self._log_mel(estimate, window, filters) - self._log_mel(reference, window, filters)
            total = total + gap.abs().mean((1, 2))
        return total / len(self.windows)


@final
class LogMelConfig(LossConfig, kind="mel"):
    """Log-mel distance. Three scales train twice as fast as six."""

    n_fft: tuple[int, ...] = Field(default=(256, 512, 1024), min_length=1, description="window lengths in samples")
    n_mels: tuple[int, ...] = Field(default=(20, 40, 80), min_length=1, description="mel bands of each window")
    floor: float = Field(default=1e-4, gt=0, description="added to mel magnitudes before the logarithm")
    below: float | None = Field(default=None, gt=0, description="frequency in Hz where it ends; null for none")

    def build(self, sample_rate: int) -> LogMel:
        return LogMel(sample_rate, self.n_fft, self.n_mels, self.floor, self.below)


def _filters_below(sample_rate: int, n_fft: int, n_mels: int, below: float | None) -> np.ndarray:
    """Mel filters ``(m, f)`` whose peak lies below a frequency in Hz."""
    filters = mel_filterbank(sample_rate, n_fft, n_mels)
    if below is None:
        return filters.copy()
    return filters[filters.argmax(1) * sample_rate / n_fft < below].copy()


@final
class BandEnergy(Loss):
    """Mean absolute difference of the logarithm of the root of the energy in bands.

    Unlike a distance of magnitudes it has nothing against noise: an energy over many bins hardly moves with the phases.
    """

    def __init__(self, sample_rate: int, config: "BandEnergyConfig"):
        super().__init__()
        seconds, bands, border = config.seconds, config.bands, config.border
        sizes = [OVERLAP * max(8, round(second * sample_rate / OVERLAP / 4) * 4) for second in seconds]
        self.windows = nn.ParameterList(nn.Parameter(torch.hann_window(size), requires_grad=False) for size in sizes)
        self.means = nn.ParameterList(
            nn.Parameter(_band_means(sample_rate, window, count), requires_grad=False)
            for window, count in zip(self.windows, bands, strict=True)
        )
        self.weights = nn.ParameterList(
            nn.Parameter(_band_weights(sample_rate, count, len(window), border, config.above), requires_grad=False)
            for window, count in zip(self.windows, bands, strict=True)
        )
        self._floor = config.floor

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)`` in nepers, the weighted mean over sizes."""
        total = estimate.new_zeros(estimate.shape[0])
        for window, means, weights in zip(self.windows, self.means, self.weights, strict=True):
            gap = self._levels(estimate, window, means) - self._levels(reference, window, means)
            total = total + (gap.abs() * weights).mean((1, 2))
        return total / len(self.windows)

    def _levels(self, audio: Tensor, window: Tensor, means: Tensor) -> Tensor:
        power = magnitudes(_spectra(audio, window)).square()
        return ((power @ means.T).add(_FAINT).sqrt() + self._floor).log()


def _band_means(sample_rate: int, window: Tensor, bands: int) -> Tensor:
    """Mean power of white noise's bins in each band, as the power of a sample: float32 ``(l, f)``."""
    bins = len(window) // 2 + 1
    edges = band_edges(sample_rate, bins, bands)
    members = (np.arange(bins) >= edges[:-1, None]) & (np.arange(bins) < edges[1:, None])
    means = members / np.diff(edges)[:, None] / float(window.square().sum())
    return torch.from_numpy(means.astype(np.float32))


def _band_weights(sample_rate: int, bands: int, size: int, border: float | None, above: float) -> Tensor:
    """1 for a band that begins below ``border`` Hz, else ``above``: float32 ``(l,)``."""
    starts = band_edges(sample_rate, size // 2 + 1, bands)[:-1] * sample_rate / size
    return torch.from_numpy(
        np.where(starts < (sample_rate if border is None else border), 1.0, above).astype(np.float32)
    )


@final
class BandEnergyConfig(LossConfig, kind="band_energy"):
    """Log energy in bands of equal width in mel, in short and in long frames."""

    seconds: tuple[float, ...] = Field(default=(0.008, 0.04), min_length=1, description="window lengths in seconds")
    bands: tuple[int, ...] = Field(default=(12, 24), min_length=1, description="bands of each window")
    floor: float = Field(default=2e-4, gt=0, description="added to amplitudes before the logarithm")
    border: float | None = Field(default=None, gt=0, description="frequency in Hz from which on weights are others")
    above: float = Field(default=1.0, gt=0, description="weight of the bands from the border on")

    def build(self, sample_rate: int) -> BandEnergy:
        return BandEnergy(sample_rate, self)


@final
class CompandedMdct(Loss):
    """Mean squared difference of companded MDCT coefficients."""

    def __init__(self, hop_length: int, exponent: float):
        super().__init__()
        self.analysis, _, _ = front_end(MdctConfig(hop_length=hop_length, exponent=exponent))
        self._hop = hop_length

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)``; samples beyond whole hops are left out."""
        length = estimate.shape[1] // self._hop * self._hop
        estimated = self.analysis(estimate[:, :length, None])
        target = self.analysis(reference[:, :length, None])
        return (estimated - target).square().mean((1, 2))


@final
class CompandedMdctConfig(LossConfig, kind="mdct"):
    """Companded MDCT distance."""

    hop_length: int = Field(default=320, ge=2, le=8192, multiple_of=2, description="samples per frame")
    exponent: float = Field(default=0.5, gt=0, le=1, description="companding of the coefficients")

    def build(self, sample_rate: int) -> CompandedMdct:
        return CompandedMdct(self.hop_length, self.exponent)
