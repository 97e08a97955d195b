"""Latents to codes and back at any step of the quality dial, as modules that can be exported."""

from functools import singledispatch
from typing import NamedTuple, cast, final

import torch
from torch import Tensor, nn

from auricle.errors import ModelError
from auricle.model.bottleneck import Bottleneck
from auricle.model.bottleneck.entropy import Entropy
from auricle.model.bottleneck.fsq import Fsq
from auricle.model.bottleneck.rvq import Codebook, Rvq
from auricle.model.bottleneck.tables import STEPS_PER_LEVEL

_LARGEST = float(1 << 19)


class CodeGraphs(NamedTuple):
    """What stands between encoder and decoder. ``step`` is an int64 scalar: quality times 8."""

    quantiser: nn.Module
    """latents (b, n, d) and step to int32 codes (b, n, k)"""
    dequantiser: nn.Module
    """codes and step to latents"""


@singledispatch
def code_graphs(bottleneck: Bottleneck) -> CodeGraphs:
    """Modules for a bottleneck's codes.

    Raises:
        ModelError: it is of a kind that was added from outside.
    """
    raise ModelError(f"the codes of a bottleneck of the kind {type(bottleneck).__name__} can't be exported")


@code_graphs.register
def _entropy(bottleneck: Entropy) -> CodeGraphs:
    gain, inverse = (_gains(bottleneck, levels) for levels in (bottleneck.log_gain, bottleneck.log_inverse))
    return CodeGraphs(_Gained(gain, back=False), _Gained(inverse, back=True))


@code_graphs.register
def _rvq(bottleneck: Rvq) -> CodeGraphs:
    books = [cast(Codebook, book) for book in bottleneck.stages]
    used = [round(step / STEPS_PER_LEVEL) + 1 for step in range(_steps(bottleneck))]
    return CodeGraphs(_NearestCodes(books, used), _SummedCodes(books, used))


@code_graphs.register
def _fsq(bottleneck: Fsq) -> CodeGraphs:
    return CodeGraphs(_ScalarCodes(bottleneck.levels), _ScalarLatents(bottleneck.levels))


def _steps(bottleneck: Bottleneck) -> int:
    return (bottleneck.quality_levels - 1) * STEPS_PER_LEVEL + 1


def _gains(bottleneck: Entropy, levels: Tensor) -> Tensor:
    """Of every step, as the model itself calculates them: ``(step, d)``."""
    qualities = torch.arange(_steps(bottleneck)) / STEPS_PER_LEVEL
    return torch.cat([bottleneck.interpolate(levels, quality[None])[0] for quality in qualities]).exp()


@final
class _Gained(nn.Module):
    gains: Tensor

    def __init__(self, gains: Tensor, *, back: bool):
        super().__init__()
        self._back = back
        self.register_buffer("gains", gains)

    def forward(self, x: Tensor, step: Tensor) -> Tensor:
        scaled = x.to(self.gains.dtype) * self.gains[step]
        return scaled if self._back else scaled.round().clamp(-_LARGEST, _LARGEST).int()


@final
class _NearestCodes(nn.Module):
    used: Tensor

    def __init__(self, books: list[Codebook], used: list[int]):
        super().__init__()
        self.books = nn.ModuleList(books)
        self.register_buffer("used", torch.tensor(used))

    def forward(self, z: Tensor, step: Tensor) -> Tensor:
        codes, residual, used = [], z, self.used[step]
        for index, book in enumerate(cast(list[Codebook], list(self.books))):
            nearest = book.nearest(book.down.map(residual))
            residual = residual - book.up.map(nn.functional.embedding(nearest, book.codes))
            codes.append(torch.where(index < used, nearest, 0))
        return torch.stack(codes, -1).int()


@final
class _SummedCodes(nn.Module):
    used: Tensor

    def __init__(self, books: list[Codebook], used: list[int]):
        super().__init__()
        self.books = nn.ModuleList(books)
        self.register_buffer("used", torch.tensor(used))

    def forward(self, codes: Tensor, step: Tensor) -> Tensor:
        used, parts = self.used[step], []
        for index, book in enumerate(cast(list[Codebook], list(self.books))):
            part = book.up.map(nn.functional.embedding(codes[..., index].long(), book.codes))
            parts.append(torch.where(index < used, part, 0.0))
        return torch.stack(parts).sum(0)


@final
class _ScalarCodes(nn.Module):
    levels: Tensor

    def __init__(self, levels: Tensor):
        super().__init__()
        self.register_buffer("levels", levels)

    def forward(self, z: Tensor, step: Tensor) -> Tensor:
        bounded = (torch.tanh(z) + 1.0) * 0.5 * (self.levels - 1.0)
        return bounded.round().int() + 0 * step.int()  # every quantiser takes a step


@final
class _ScalarLatents(nn.Module):
    levels: Tensor

    def __init__(self, levels: Tensor):
        super().__init__()
        self.register_buffer("levels", levels)

    def forward(self, codes: Tensor, step: Tensor) -> Tensor:
        return codes.float() / (self.levels - 1.0) * 2.0 - 1.0 + 0.0 * step.float()
