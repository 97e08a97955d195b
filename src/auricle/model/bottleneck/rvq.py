"""Residual vector quantisation (Zeghidour et al., 2021), with low-dimensional normalised codes (Kumar et al., 2023)."""

from typing import cast, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from auricle.model.bottleneck.base import Bottled, Bottleneck, BottleneckConfig, code_usage
from auricle.model.bottleneck.distributed import all_reduce_sum, broadcast_from_rank0
from auricle.model.bottleneck.tables import TableShape
from auricle.stream import Pointwise


@final
class Codebook(nn.Module):
    """One stage: project to a few dimensions, take the nearest code, project back.

    The codes start at k-means centres of the first training batch. They follow the data by exponential moving averages;
    a code that is hardly used any more moves to a random input of the batch. Where several processes train together,
    the batch is that of all of them, so that their codes stay the same; random inputs are the first process's.
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
        code_vectors = F.embedding(indices, self.codes)
        commitment = (low - code_vectors.detach()).square().mean((1, 2))
        if self.training:
            self._follow(low.detach(), indices)
        return self.up.map(low + (code_vectors - low).detach()), indices, commitment

    @torch.no_grad()
    def _start(self, low: Tensor, rounds: int = 10) -> None:
        points = low.reshape(-1, low.shape[-1])
        if self.started or not all_reduce_sum(points.sum()).isfinite():
            return
        self.codes.copy_(broadcast_from_rank0(self._drawn(points) + 1e-3 * torch.randn_like(self.codes)))
        for _ in range(rounds):
            use, total = self._assign(points, self.nearest(points))
            self.codes.copy_(torch.where(use[:, None] > 0, total / use.clamp(min=1)[:, None], self.codes))
        self.total.copy_(self.codes)
        self.use.fill_(1.0)
        self.started.fill_(True)

    def _drawn(self, points: Tensor) -> Tensor:
        return points[torch.randint(len(points), (len(self.codes),), device=points.device)]

    def _assign(self, points: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
        """How many points each code gets in all processes ``(size,)``, and their sums ``(size, code_dim)``."""
        ones_and_points = torch.cat((torch.ones_like(points[:, :1]), points), 1)
        zeros = ones_and_points.new_zeros(len(self.codes), ones_and_points.shape[1])
        sums = all_reduce_sum(zeros.index_add_(0, indices, ones_and_points))
        return sums[:, 0], sums[:, 1:]

    @torch.no_grad()
    def _follow(self, low: Tensor, indices: Tensor) -> None:
        points = low.reshape(-1, low.shape[-1])
        use, total = self._assign(points, indices.reshape(-1))
        if not total.isfinite().all():  # such a step is left out: the codes must not keep a trace of it
            return
        self.use.lerp_(use, 1 - self._decay)
        self.total.lerp_(total, 1 - self._decay)
        self.codes.copy_(self.total / self.use.clamp(min=1e-5)[:, None])
        self._revive(points, use.mean())

    def _revive(self, points: Tensor, typical: Tensor) -> None:
        """Move codes that get hardly any of the ``typical`` number of points to random points."""
        dead = self.use < 0.02 * typical
        self.use.copy_(torch.where(dead, typical, self.use))
        self.codes.copy_(torch.where(dead[:, None], broadcast_from_rank0(self._drawn(points)), self.codes))
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
            part, nearest, gap = stage(residual)
            on = (index < used).to(z.dtype)
            out = out + part * on[:, None, None]
            residual = residual - part.detach()
            commitment = commitment + gap * on
            codes.append(nearest)
        return Bottled(out, torch.stack(codes, -1).int(), {"commitment": commitment})

    @torch.no_grad()
    def usage(self, z: Tensor, quality: Tensor) -> dict[str, Tensor]:
        """``perplexity`` and ``codes`` ``(k,)`` of every codebook, also of those that the quality leaves out."""
        codes = self.quantise(z, self.codebooks - 1.0)
        return code_usage(codes, torch.full((self.codebooks,), self._size, device=z.device))

    def quantise(self, z: Tensor, quality: float) -> Tensor:
        """Indices; codebooks beyond the quality are 0 and cost almost nothing."""
        codes, residual = [], z
        for index, stage in enumerate(self._books()):
            indices = stage.nearest(stage.down.map(residual))
            residual = residual - stage.up.map(F.embedding(indices, stage.codes))
            codes.append(indices if index <= round(quality) else torch.zeros_like(indices))
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
        return self.dim

    def build(self, frame_rate: float) -> Rvq:
        return Rvq(self.dim, self.codebooks, self.size, self.code_dim, self.decay, self.dropout)
