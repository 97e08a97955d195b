"""Layers in operations that every runtime has: lapped transforms as matrices, where a model has fast ones.

Runtimes have no complex numbers, and their own Fourier transforms are less exact than a matrix (38 to 70 dB against
118). A frame's matrix is small beside the network.
"""

from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from typing import final

import torch
from torch import Tensor

from auricle.dsp.mdct import fold, imdct, mdct, unfold
from auricle.model import Autoencoder
from auricle.model.front_end import LappedAnalysis, LappedSynthesis
from auricle.stream import Layer, State


def portable(model: Autoencoder) -> Autoencoder:
    """A copy of a model that computes the same with matrices."""
    copy = deepcopy(model).eval().requires_grad_(False)
    for parent in list(copy.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LappedAnalysis):
                parent.register_module(name, MatrixAnalysis(child))
            elif isinstance(child, LappedSynthesis):
                parent.register_module(name, MatrixSynthesis(child))
    return copy


@final
class MatrixAnalysis(Layer):
    """A `LappedAnalysis` whose transform is a matrix."""

    window: Tensor
    matrix: Tensor

    def __init__(self, source: LappedAnalysis):
        super().__init__()
        self._hop = source.hop_length
        self._fold: Callable[[Tensor], Tensor] = fold if source.transform is mdct else _same
        every_sample = torch.eye(2 * self._hop)
        matrix = _dct(self._hop) if source.transform is mdct else source.transform(every_sample, source.rotation)
        self.register_buffer("window", source.window)
        self.register_buffer("matrix", matrix)
        self.ratio, self.block = Fraction(1, self._hop), self._hop

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The last hop of samples, zeros at first."""
        return (torch.zeros(batch, self._hop, device=device, dtype=dtype),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, t, 1)`` to ``(b, t / hop, bins)``."""
        (past,) = state
        hops = torch.cat((past, x[..., 0]), dim=1).reshape(x.shape[0], -1, self._hop)
        frames = torch.cat((hops[:, :-1], hops[:, 1:]), dim=2) * self.window
        return self._fold(frames) @ self.matrix, (hops[:, -1],)


@final
class MatrixSynthesis(Layer):
    """A `LappedSynthesis` whose transform is a matrix."""

    window: Tensor
    matrix: Tensor

    def __init__(self, source: LappedSynthesis):
        super().__init__()
        self._hop = source.hop_length
        fast = source.inverse is imdct
        self._unfold: Callable[[Tensor], Tensor] = unfold if fast else _same
        bins = 2 * (self._hop + 1)
        matrix = _dct(self._hop) if fast else source.inverse(torch.eye(bins), source.rotation)
        self.register_buffer("window", source.window)
        self.register_buffer("matrix", matrix)
        self.ratio, self.latency = Fraction(self._hop), self._hop

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The half frame that waits for its overlap, zeros at first."""
        return (torch.zeros(batch, self._hop, device=device, dtype=dtype),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, bins)`` to ``(b, n * hop, 1)``."""
        (tail,) = state
        frames = self._unfold(x @ self.matrix) * self.window
        first, second = frames[..., : self._hop], frames[..., self._hop :]
        samples = first + torch.cat((tail.unsqueeze(1), second[:, :-1]), dim=1)
        return samples.reshape(x.shape[0], -1, 1), (second[:, -1],)


def _same(frames: Tensor) -> Tensor:
    return frames


def _dct(size: int) -> Tensor:
    """The matrix of the orthonormal DCT-IV, rounded once: float32 ``(size, size)``."""
    steps = torch.arange(size, dtype=torch.float64) + 0.5
    return (torch.cos(torch.pi / size * steps[:, None] * steps) * (2.0 / size) ** 0.5).float()
