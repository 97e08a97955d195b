"""The entropy bottleneck: scalar quantisation whose code length is learned with the rest.

Training minimises distortion + lambda * bits (Balle et al., 2017). One model serves many bitrates: each quality level
has a gain per dimension (Cui et al., 2021), between levels the gains are interpolated geometrically. The prior predicts
a discretised logistic for each code from the two frames before it, by linear filters: one for the location and one,
non-negative over magnitudes, for the scale. These filters round to integers without loss worth naming, so the frozen
prior is :class:`~auricle.model.bottleneck.tables.Tables`.
"""

from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from auricle.model.bottleneck.base import Bottled, Bottleneck, BottleneckConfig
from auricle.model.bottleneck.tables import FIXED_POINT, HISTORY, TableShape

_SMALLEST_SCALE = 0.03
_LARGEST_CODE = 1 << 20


@final
class Entropy(Bottleneck):
    """Gained, rounded, and charged by a conditional prior."""

    term_names = ("rate",)

    def __init__(self, config: "EntropyConfig", frame_rate: float):
        super().__init__()
        self.dim = self.codebooks = config.dim
        self.quality_levels = config.levels
        self._frame_rate = frame_rate
        self._config = config
        start = np.linspace(np.log(config.coarsest), np.log(config.finest), config.levels, dtype=np.float32)
        self.log_gain = nn.Parameter(torch.from_numpy(start[:, None].repeat(config.dim, 1)))
        self.log_inverse = nn.Parameter(torch.from_numpy(-start[:, None].repeat(config.dim, 1)))
        self.log_floor = nn.Parameter(torch.full((config.levels, config.dim), -1.0))
        self.mean = nn.Parameter(torch.zeros(config.dim, HISTORY * config.dim))
        raw = np.full((config.dim, HISTORY * config.dim), -8.0, np.float32)
        np.fill_diagonal(raw[:, : config.dim], -1.5)
        np.fill_diagonal(raw[:, config.dim :], -2.5)
        self.raw_scale = nn.Parameter(torch.from_numpy(raw))

    def interpolate(self, levels: Tensor, quality: Tensor) -> Tensor:
        """Interpolate rows of ``levels`` ``(level, d)`` at ``quality`` ``(b,)``: ``(b, 1, d)``."""
        lower = quality.floor().long().clamp(0, self.quality_levels - 1)
        upper = (lower + 1).clamp(max=self.quality_levels - 1)
        return torch.lerp(levels[lower], levels[upper], (quality - lower).unsqueeze(1)).unsqueeze(1)

    def _prior(self, codes: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        """Location and scale ``(b, n, d)`` of each code given the frames before it."""
        first = F.pad(codes, (0, 0, 1, 0))[:, :-1]
        second = F.pad(codes, (0, 0, 2, 0))[:, :-2]
        past = torch.cat((first, second), dim=-1)
        location = F.linear(past, self.mean)
        floor = self.interpolate(self.log_floor, quality).exp()
        return location, floor + F.linear(past.abs(), F.softplus(self.raw_scale)) + _SMALLEST_SCALE

    def forward(self, z: Tensor, quality: Tensor) -> Bottled:
        """Term ``rate`` ``(b,)``: kilobits per second; in training, what is beyond `steepest` on top.

        In training the rate is that of codes with uniform noise in place of rounding; the decoder hears rounded codes
        (straight-through) for half of the items and noisy ones for the others.
        """
        scaled = z * self.interpolate(self.log_gain, quality).exp()
        codes = scaled + (scaled.round() - scaled).detach()
        charged = passed = codes
        if self.training:
            charged = scaled + torch.rand_like(scaled) - 0.5
            noisy = torch.rand(len(z), 1, 1, device=z.device) < self._config.noisy
            passed = torch.where(noisy, charged, codes)
        location, scale = self._prior(codes, quality)
        rate = logistic_bits(charged - location, scale).sum(-1).mean(-1) * self._frame_rate / 1000.0
        if self.training and self._config.steepest is not None:
            rate = rate + self._steepness(self._config.steepest)
        out = passed * self.interpolate(self.log_inverse, quality).exp()
        return Bottled(out, codes.detach().int(), {"rate": rate})

    def _steepness(self, steepest: float) -> Tensor:
        """Squares of how much farther than ``steepest`` gains fall to the next lower level: a scalar.

        A gain that makes all codes zero costs nothing, however low, and an optimiser that scales gradients lets it fall
        on. Between its level and the next it would then stay silent nearly up to that, and all of its codes would come
        in the last step of the dial. The lower gain alone learns of this.
        """
        falls = self.log_gain[1:].detach() - self.log_gain[:-1]
        return (falls - steepest).clamp(min=0.0).square().sum()

    @torch.no_grad()
    def usage(self, z: Tensor, quality: Tensor) -> dict[str, Tensor]:
        """``bits`` ``(d,)``: per second, of rounded codes under the prior; their sum is the rate."""
        codes = (z * self.interpolate(self.log_gain, quality).exp()).round()
        location, scale = self._prior(codes, quality)
        return {"bits": logistic_bits(codes - location, scale).mean((0, 1)) * self._frame_rate}

    def unrounded(self, z: Tensor, quality: Tensor) -> Tensor:
        """Gain and inverse gain alone."""
        return z * (self.interpolate(self.log_gain, quality) + self.interpolate(self.log_inverse, quality)).exp()

    def quantise(self, z: Tensor, quality: float) -> Tensor:
        return self._scaled(z, quality).round().clamp(-_LARGEST_CODE, _LARGEST_CODE).int()

    def quantise_sparsely(self, z: Tensor, quality: float, deadzone: float) -> Tensor:
        """Rounded towards zero up to ``deadzone`` beyond the middle, as video coders do (Sullivan, 1996)."""
        scaled = self._scaled(z, quality)
        codes = scaled.round()
        is_close = scaled.abs() < codes.abs() - 0.5 + deadzone
        return (codes - codes.sign() * is_close).clamp(-_LARGEST_CODE, _LARGEST_CODE).int()

    def _scaled(self, z: Tensor, quality: float) -> Tensor:
        """Latents times the gain: codes before they are rounded."""
        return z * self.interpolate(self.log_gain, torch.full((1,), quality, device=z.device)).exp()

    def dequantise(self, codes: Tensor, quality: float) -> Tensor:
        """Codes times the inverse gain."""
        inverse = self.interpolate(self.log_inverse, torch.full((1,), quality, device=codes.device)).exp()
        return codes.to(inverse.dtype) * inverse

    @torch.no_grad()
    def table_shape(self) -> TableShape:
        """The prior's filters in integers with 10 fractional bits."""
        unit = 1 << FIXED_POINT
        edges = np.geomspace(_SMALLEST_SCALE * 1.5, self._config.widest, self._config.contexts - 1)

        def integers(values: Tensor) -> np.ndarray:
            return np.clip(np.rint(values.double().cpu().numpy() * unit), -(1 << 20), 1 << 20).astype(np.int32)

        return TableShape(
            levels=self.quality_levels,
            symbols=2 * self._config.reach + 3,
            offset=self._config.reach + 1,
            escape=True,
            mean=integers(self.mean),
            scale=integers(F.softplus(self.raw_scale)),
            floor=integers(self.log_floor.exp() + _SMALLEST_SCALE),
            thresholds=np.rint(edges * unit).astype(np.int32),
        )


def logistic_bits(offset: Tensor, scale: Tensor) -> Tensor:
    """Bits of a unit interval centred ``offset`` away from the middle of a logistic of ``scale``; at most about 20."""
    distance = offset.abs()
    probability = torch.sigmoid((0.5 - distance) / scale) - torch.sigmoid((-0.5 - distance) / scale)
    return -torch.log2(probability + 1e-6)


@final
class EntropyConfig(BottleneckConfig, kind="entropy"):
    """Entropy-coded scalar quantiser."""

    dim: int = Field(default=64, ge=1, le=1024, description="latent features")
    levels: int = Field(default=7, ge=2, le=16, description="quality levels in one model")
    coarsest: float = Field(default=0.5, gt=0, le=1e6, description="gain of the lowest level at the start")
    finest: float = Field(default=4.0, gt=0, le=1e6, description="gain of the highest level at the start")
    noisy: float = Field(default=0.5, ge=0, le=1, description="share of training items decoded from noisy codes")
    contexts: int = Field(default=12, ge=2, le=64, description="scale contexts of the integer tables")
    widest: float = Field(default=6.0, gt=0.1, le=1e3, description="scale at which the last context begins")
    steepest: float | None = Field(
        default=None,
        gt=0,
        le=10,
        exclude_if=lambda steepest: steepest is None,  # files and fingerprints from before it stay what they are
        description="most that a gain's logarithm should rise from level to level; null for any",
    )
    reach: int = Field(default=20, ge=2, le=127, description="largest code that has a symbol of its own")

    @property
    def latent_dim(self) -> int:
        return self.dim

    def build(self, frame_rate: float) -> Entropy:
        return Entropy(self, frame_rate)
