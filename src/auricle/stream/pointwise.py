"""Layers that treat each frame by itself."""

from collections.abc import Callable
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auricle.stream.layer import Stateless

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
}


@final
class Pointwise(Stateless):
    """Linear map of each frame, ``d_in`` to ``d_out`` features, started orthogonal and scaled by ``gain``."""

    def __init__(self, d_in: int, d_out: int, *, gain: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(d_out, d_in))
        self.bias = nn.Parameter(torch.zeros(d_out))
        nn.init.orthogonal_(self.weight, gain)

    def map(self, x: Tensor) -> Tensor:
        """``(b, n, d_in)`` to ``(b, n, d_out)``."""
        return F.linear(x, self.weight, self.bias)


@final
class Activation(Stateless):
    """A nonlinearity by its name in ``ACTIVATIONS``."""

    def __init__(self, name: str):
        super().__init__()
        self._function = ACTIVATIONS[name]

    def map(self, x: Tensor) -> Tensor:
        """Elementwise, any shape."""
        return self._function(x)


@final
class FrameNorm(Stateless):
    """Layer normalisation of each frame over its features (Ba et al., 2016): no statistics over time."""

    def __init__(self, dim: int):
        super().__init__()
        self.norm = nn.LayerNorm(dim)

    def map(self, x: Tensor) -> Tensor:
        """``(b, n, d)`` to the same."""
        return self.norm(x)
