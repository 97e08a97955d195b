"""Finite scalar quantisation (Mentzer et al., 2023)."""

from typing import Annotated, final

import torch
from pydantic import Field
from torch import Tensor

from auricle.model.bottleneck.base import Bottled, Bottleneck, BottleneckConfig, code_usage
from auricle.model.bottleneck.tables import TableShape


@final
class Fsq(Bottleneck):
    """Each latent feature is squashed by tanh and rounded to one of its few levels, straight-through."""

    levels: Tensor

    def __init__(self, levels: tuple[int, ...]):
        super().__init__()
        self.dim = self.codebooks = len(levels)
        self.register_buffer("levels", torch.tensor(levels, dtype=torch.float32))

    def _bounded(self, z: Tensor) -> Tensor:
        return (torch.tanh(z) + 1.0) * 0.5 * (self.levels - 1.0)

    def _unit(self, indices: Tensor) -> Tensor:
        return indices / (self.levels - 1.0) * 2.0 - 1.0

    def forward(self, z: Tensor, quality: Tensor) -> Bottled:
        """Latents in [-1, 1] and codes; no terms."""
        bounded = self._bounded(z)
        rounded = bounded.round()
        return Bottled(self._unit(bounded + (rounded - bounded).detach()), rounded.int(), {})

    @torch.no_grad()
    def usage(self, z: Tensor, quality: Tensor) -> dict[str, Tensor]:
        """``perplexity`` and ``codes`` ``(k,)``: how many of its levels each feature uses."""
        return code_usage(self.quantise(z, 0.0), self.levels)

    def unrounded(self, z: Tensor, quality: Tensor) -> Tensor:
        """Squashed to [-1, 1] alone."""
        return self._unit(self._bounded(z))

    def quantise(self, z: Tensor, quality: float) -> Tensor:
        """Indices from 0 to ``levels - 1``."""
        return self._bounded(z).round().int()

    def dequantise(self, codes: Tensor, quality: float) -> Tensor:
        """Indices back to [-1, 1]."""
        return self._unit(codes.float())

    def table_shape(self) -> TableShape:
        """Memoryless tables as wide as the largest number of levels."""
        return TableShape.memoryless(1, self.dim, int(self.levels.max()))


@final
class FsqConfig(BottleneckConfig, kind="fsq"):
    """Finite scalar quantiser."""

    levels: tuple[Annotated[int, Field(ge=2, le=1024)], ...] = Field(
        default=(8, 8, 8, 5, 5, 5, 5, 5), min_length=1, max_length=256, description="levels of each feature"
    )

    @property
    def latent_dim(self) -> int:
        """One feature per entry of ``levels``."""
        return len(self.levels)

    def build(self, frame_rate: float) -> Fsq:
        return Fsq(self.levels)
