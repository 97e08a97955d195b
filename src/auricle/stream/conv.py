"""Causal convolutions over time."""

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auricle.stream.layer import Layer, State


def _past(batch: int, steps: int, dim: int, device: torch.device | None, dtype: torch.dtype | None) -> tuple[Tensor]:
    return (torch.zeros(batch, steps, dim, device=device, dtype=dtype),)


@final
class CausalConv(Layer):
    """Full convolution, causal; with ``stride`` it is the downsampling between stages.

    Args:
        d_in: input features.
        d_out: output features.
        kernel: taps, at least ``stride``.
        stride: input steps per output step.
        lookahead: output steps the layer may see ahead; it only declares a latency, the computation stays causal.
    """

    def __init__(self, d_in: int, d_out: int, kernel: int, *, stride: int = 1, lookahead: int = 0):
        super().__init__()
        assert kernel >= stride, (kernel, stride)
        self.weight = nn.Parameter(torch.empty(d_out, d_in, kernel))
        self.bias = nn.Parameter(torch.zeros(d_out))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        self._stride = stride
        self._memory = kernel - stride
        self.ratio = self.ratio / stride
        self.block = stride
        self.latency = lookahead

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The last ``kernel - stride`` inputs, zeros at first."""
        return _past(batch, self._memory, self.weight.shape[1], device, dtype)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d_in)`` to ``(b, n / stride, d_out)``."""
        (past,) = state
        joined = torch.cat((past, x), dim=1)
        y = F.conv1d(joined.transpose(1, 2), self.weight, self.bias, stride=self._stride)
        return y.transpose(1, 2), (joined[:, joined.shape[1] - self._memory :],)


@final
class DepthwiseConv(Layer):
    """Causal convolution of each feature by itself.

    The two-dimensional kernel in channels-last order runs 2 to 3 times faster on a CPU than the one-dimensional one.
    """

    def __init__(self, dim: int, kernel: int, *, lookahead: int = 0):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(dim, 1, 1, kernel))
        self.bias = nn.Parameter(torch.zeros(dim))
        nn.init.normal_(self.weight, std=kernel**-0.5)
        self._memory = kernel - 1
        self.latency = lookahead

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The last ``kernel - 1`` inputs, zeros at first."""
        return _past(batch, self._memory, self.weight.shape[0], device, dtype)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d)`` to the same shape."""
        (past,) = state
        joined = torch.cat((past, x), dim=1)
        grid = joined.transpose(1, 2).unsqueeze(2)
        y = F.conv2d(grid, self.weight, self.bias, groups=self.weight.shape[0])
        return y.squeeze(2).transpose(1, 2), (joined[:, joined.shape[1] - self._memory :],)
