"""Distances between spectra."""

from typing import final

import torch
from pydantic import Field
from torch import Tensor, nn

from auricle.dsp.mel import mel_filterbank
from auricle.losses.base import Loss, LossConfig
from auricle.losses.fused import magnitudes, power_compressed, spectrum
from auricle.model.front_end import MdctConfig, front_end


@final
class ComplexStft(Loss):
    """Squared error of power-compressed spectra, magnitude and complex (Ephrat et al., 2018; Braun and Tashev, 2021).

    The complex part ties the phase down, which moves PESQ. Where phases can't be had it draws levels down instead, so
    it can end at a frequency.
    """

    def __init__(self, shares: tuple[Tensor, ...], exponent: float):
        super().__init__()
        sizes = (2 * (len(share) - 1) for share in shares)
        self.windows = nn.ParameterList(nn.Parameter(torch.hann_window(size), requires_grad=False) for size in sizes)
        self.shares = nn.ParameterList(nn.Parameter(share, requires_grad=False) for share in shares)
        self._exponent = exponent

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)``, the mean over sizes."""
        total = estimate.new_zeros(estimate.shape[0])
        for window, share in zip(self.windows, self.shares, strict=True):
            ours, theirs = (spectrum(each, window) for each in (estimate, reference))
            total = total + power_compressed(ours, theirs, self._exponent, share)
        return total / len(self.windows)


@final
class ComplexStftConfig(LossConfig, kind="complex_stft"):
    """Power-compressed complex STFT distance."""

    n_fft: tuple[int, ...] = Field(default=(512,), min_length=1, description="window lengths in samples, hop a quarter")
    exponent: float = Field(default=0.3, gt=0, le=1, description="power of the magnitudes")
    magnitude: float = Field(default=0.7, ge=0, le=1, description="share of the magnitude part")
    phases_below: float | None = Field(
        default=None, ge=0, description="frequency in Hz from which on magnitudes alone count; null for none"
    )

    def build(self, sample_rate: int) -> ComplexStft:
        """The loss."""
        limit = sample_rate if self.phases_below is None else self.phases_below
        hz = (torch.arange(size // 2 + 1) * sample_rate / size for size in self.n_fft)
        return ComplexStft(tuple(torch.where(each < limit, self.magnitude, 1.0) for each in hz), self.exponent)


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
            ours, theirs = (magnitudes(spectrum(each, window)) for each in (estimate, reference))
            gap = (ours - theirs).square().sum((1, 2)).add(1e-8).sqrt()
            convergence = gap / theirs.square().sum((1, 2)).add(1e-4).sqrt()
            total = total + convergence + (ours.log() - theirs.log()).abs().mean((1, 2))
        return total / len(self.windows)


@final
class MultiResolutionStftConfig(LossConfig, kind="stft"):
    """Multi-resolution STFT distance."""

    n_fft: tuple[int, ...] = Field(default=(2048, 1024, 512), min_length=1, description="window lengths in samples")

    def build(self, sample_rate: int) -> MultiResolutionStft:
        """The loss."""
        return MultiResolutionStft(self.n_fft)


@final
class LogMel(Loss):
    """Mean absolute difference of log-mel magnitudes over several windows."""

    def __init__(self, sample_rate: int, n_fft: tuple[int, ...], n_mels: tuple[int, ...], floor: float):
        super().__init__()
        self.windows = nn.ParameterList(nn.Parameter(torch.hann_window(size), requires_grad=False) for size in n_fft)
        self.filters = nn.ParameterList(
            nn.Parameter(torch.from_numpy(mel_filterbank(sample_rate, size, mels).copy()), requires_grad=False)
            for size, mels in zip(n_fft, n_mels, strict=True)
        )
        self._floor = floor

    def _log_mel(self, audio: Tensor, window: Tensor, filters: Tensor) -> Tensor:
        return (magnitudes(spectrum(audio, window)) @ filters.T + self._floor).log()

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

    def build(self, sample_rate: int) -> LogMel:
        """The loss."""
        return LogMel(sample_rate, self.n_fft, self.n_mels, self.floor)


@final
class CompandedMdct(Loss):
    """Mean squared difference of companded MDCT coefficients."""

    def __init__(self, hop_length: int, exponent: float):
        super().__init__()
        self.analysis, _, _ = front_end(MdctConfig(hop_length=hop_length, exponent=exponent))
        self._hop = hop_length

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """``(b, t)`` twice to ``(b,)``; samples beyond whole hops are left out."""
        whole = estimate.shape[1] // self._hop * self._hop
        ours = self.analysis(estimate[:, :whole, None])
        theirs = self.analysis(reference[:, :whole, None])
        return (ours - theirs).square().mean((1, 2))


@final
class CompandedMdctConfig(LossConfig, kind="mdct"):
    """Companded MDCT distance."""

    hop_length: int = Field(default=320, ge=2, le=8192, multiple_of=2, description="samples per frame")
    exponent: float = Field(default=0.5, gt=0, le=1, description="companding of the coefficients")

    def build(self, sample_rate: int) -> CompandedMdct:
        """The loss."""
        return CompandedMdct(self.hop_length, self.exponent)
