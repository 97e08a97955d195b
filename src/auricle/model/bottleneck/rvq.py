"""Residual vector quantisation (Zeghidour et al., 2021), with low-dimensional normalised codes (Kumar et al., 2023)."""

from typing import cast, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from auricle.model.bottleneck.base import Bottled, Bottleneck, BottleneckConfig
from auricle.model.bottleneck.tables import TableShape
from auricle.stream import Pointwise


@final
class Codebook(nn.Module):
    """One stage: project to a few dimensions, take the nearest code, project back.

    The codes start at k-means centres of the first training batch. They follow the data by exponential moving averages;
    a code that is hardly used any more moves to a random input of the batch.
    """

    codes: Tensor
    use: Tensor
    total: Tensor
    started: Tensor

    def __init__(self, dim: int, size: int, code_dim: int, decay: float):
        super().__init__()
        self.down, self.up = Pointwise(dim, code_dim), Pointwise(code_dim, dim)
        self._decay = decay
        self.register_buffer("codes", torch.randn(size, code_dim))
        self.register_buffer("use", torch.ones(size))
        self.register_buffer("total", torch.zeros(size, code_dim))
        self.register_buffer("started", torch.zeros(1, dtype=torch.bool))

    def nearest(self, low: Tensor) -> Tensor:
        """Indices ``(...)`` of the codes nearest to ``low`` ``(..., code_dim)``."""
        flat = low.reshape(-1, low.shape[-1])
        distance = self.codes.square().sum(1) - 2 * flat @ self.codes.T
        return distance.argmin(1).reshape(low.shape[:-1])

    def forward(self, residual: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantised ``(b, n, d)``, indices ``(b, n)`` and commitment per item ``(b,)``."""
        low = self.down.map(residual)
        if self.training:
            self._start(low.detach())
        indices = self.nearest(low)
        chosen = F.embedding(indices, self.codes)
        commitment = (low - chosen.detach()).square().mean((1, 2))
        if self.training:
            self._follow(low.detach(), indices)
        return self.up.map(low + (chosen - low).detach()), indices, commitment

    @torch.no_grad()
    def _start(self, low: Tensor, rounds: int = 10) -> None:
        if self.started:
            return
        points = low.reshape(-1, low.shape[-1])
        pick = torch.randint(len(points), (len(self.codes),), device=points.device)
        self.codes.copy_(points[pick] + 1e-3 * torch.randn_like(self.codes))
        for _ in range(rounds):
            use, total = self._assign(points, self.nearest(points))
            self.codes.copy_(torch.where(use[:, None] > 0, total / use.clamp(min=1)[:, None], self.codes))
        self.total.copy_(self.codes)
        self.use.fill_(1.0)
        self.started.fill_(True)

    def _assign(self, points: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
        use = torch.zeros_like(self.use).index_add_(0, indices, torch.ones_like(points[:, 0]))
        return use, torch.zeros_like(self.codes).index_add_(0, indices, points)

    @torch.no_grad()
    def _follow(self, low: Tensor, indices: Tensor) -> None:
        points = low.reshape(-1, low.shape[-1])
        use, total = self._assign(points, indices.reshape(-1))
        self.use.lerp_(use, 1 - self._decay)
        self.total.lerp_(total, 1 - self._decay)
        self.codes.copy_(self.total / self.use.clamp(min=1e-5)[:, None])
        self._revive(points)

    def _revive(self, points: Tensor) -> None:
        dead = self.use < 0.02 * len(points) / len(self.use)
        pick = torch.randint(len(points), (len(self.codes),), device=points.device)
        alive = torch.full_like(self.use, len(points) / len(self.use))
        self.use.copy_(torch.where(dead, alive, self.use))
        self.codes.copy_(torch.where(dead[:, None], points[pick], self.codes))
        self.total.copy_(torch.where(dead[:, None], self.codes * self.use[:, None], self.total))


@final
class Rvq(Bottleneck):
    """Stages of codebooks, each coding what the ones before left. Quality q uses the first q + 1 codebooks."""

    term_names = ("commitment",)

    def __init__(self, dim: int, codebooks: int, size: int, code_dim: int, decay: float, dropout: float):
        super().__init__()
        self.dim, self.codebooks, self.quality_levels = dim, codebooks, codebooks
        self._size, self._dropout = size, dropout
        self.stages = nn.ModuleList(Codebook(dim, size, code_dim, decay) for _ in range(codebooks))

    def forward(self, z: Tensor, quality: Tensor) -> Bottled:
        """Term ``commitment`` ``(b,)``. In training a share ``dropout`` of items uses the codebooks of ``quality``."""
        used = quality.round().long() + 1
        if self.training:
            whole = torch.rand(len(z), device=z.device) >= self._dropout
            used = torch.where(whole, self.codebooks, used)
        out, residual, codes = torch.zeros_like(z), z, []
        commitment = z.new_zeros(len(z))
        for index, stage in enumerate(self._books()):
            part, chosen, gap = stage(residual)
            on = (index < used).to(z.dtype)
            out = out + part * on[:, None, None]
            residual = residual - part.detach()
            commitment = commitment + gap * on
            codes.append(chosen)
        return Bottled(out, torch.stack(codes, -1).int(), {"commitment": commitment})

    def quantise(self, z: Tensor, quality: float) -> Tensor:
        """Indices; codebooks beyond the quality are 0 and cost almost nothing."""
        codes, residual = [], z
        for index, stage in enumerate(self._books()):
            chosen = stage.nearest(stage.down.map(residual))
            residual = residual - stage.up.map(F.embedding(chosen, stage.codes))
            codes.append(chosen if index <= round(quality) else torch.zeros_like(chosen))
        return torch.stack(codes, -1).int()

    def dequantise(self, codes: Tensor, quality: float) -> Tensor:
        """Sum of the codebooks that the quality uses."""
        parts = [
            stage.up.map(F.embedding(codes[..., index].long(), stage.codes))
            for index, stage in enumerate(self._books())
            if index <= round(quality)
        ]
        return torch.stack(parts).sum(0)

    def _books(self) -> list[Codebook]:
        return cast(list[Codebook], list(self.stages))

    def table_shape(self) -> TableShape:
        """Memoryless tables, one symbol per code."""
        return TableShape.memoryless(self.quality_levels, self.codebooks, self._size)


@final
class RvqConfig(BottleneckConfig, kind="rvq"):
    """Residual vector quantiser."""

    dim: int = Field(default=64, ge=1, le=4096, description="latent features")
    codebooks: int = Field(default=8, ge=1, le=64, description="stages")
    size: int = Field(default=1024, ge=2, le=16384, description="codes per codebook")
    code_dim: int = Field(default=8, ge=1, le=256, description="features in which codes are compared")
    decay: float = Field(default=0.99, gt=0, lt=1, description="memory of the codes' moving averages")
    dropout: float = Field(default=0.5, ge=0, le=1, description="share of training items that use fewer codebooks")

    @property
    def latent_dim(self) -> int:
        """``dim``."""
        return self.dim

    def build(self, frame_rate: float) -> Rvq:
        """The module."""
        return Rvq(self.dim, self.codebooks, self.size, self.code_dim, self.decay, self.dropout)
