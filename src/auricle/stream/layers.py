"""The layers: causal convolutions, layers that treat each frame by itself, recurrent ones, changes of frame rate."""

from collections.abc import Callable
from fractions import Fraction
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function_variadic

from auricle.errors import ModelError
from auricle.stream.layer import Layer, State, Stateless

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
}


def _past(batch: int, steps: int, dim: int, device: torch.device | None, dtype: torch.dtype | None) -> tuple[Tensor]:
    return (torch.zeros(batch, steps, dim, device=device, dtype=dtype),)


def _fill_orthogonal(weight: Tensor, gain: float) -> None:
    """Fill a matrix with orthogonal rows or columns, in place; skipped where a mode of torch skips its fillings.

    ``nn.init.orthogonal_`` asks no mode, as its neighbours do, and what it calculates takes longer than reading a file.
    """
    if has_torch_function_variadic(weight):
        handle_torch_function(nn.init.orthogonal_, (weight,), weight, gain)
    else:
        nn.init.orthogonal_(weight, gain)


def _refuse_dynamic_length(x: Tensor) -> None:
    """While a program is exported, torch writes a recurrence out step by step: it has one length for ever."""
    if isinstance(x.shape[1], torch.SymInt):
        raise ModelError("a recurrent block can't be exported with a dynamic length: export it with a fixed one")


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


@final
class Pointwise(Stateless):
    """Linear map of each frame, ``d_in`` to ``d_out`` features, started orthogonal and scaled by ``gain``."""

    def __init__(self, d_in: int, d_out: int, *, gain: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(d_out, d_in))
        self.bias = nn.Parameter(torch.zeros(d_out))
        _fill_orthogonal(self.weight, gain)

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


@final
class GRU(Layer):
    """Gated recurrent unit (Cho et al., 2014), ``d_in`` to ``d_out`` features."""

    def __init__(self, d_in: int, d_out: int):
        super().__init__()
        self.cell = nn.GRU(d_in, d_out, batch_first=True)

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The hidden state, zeros at first."""
        return (torch.zeros(1, batch, self.cell.hidden_size, device=device, dtype=dtype),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d_in)`` to ``(b, n, d_out)``."""
        (hidden,) = state
        _refuse_dynamic_length(x)
        y, hidden = self.cell(x, hidden)
        return y, (hidden,)


@final
class LSTM(Layer):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), ``d_in`` to ``d_out`` features."""

    def __init__(self, d_in: int, d_out: int):
        super().__init__()
        self.cell = nn.LSTM(d_in, d_out, batch_first=True)

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """Hidden and cell state, zeros at first."""
        zeros = torch.zeros(1, batch, self.cell.hidden_size, device=device, dtype=dtype)
        return (zeros, zeros)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d_in)`` to ``(b, n, d_out)``."""
        hidden, memory = state
        _refuse_dynamic_length(x)
        y, (hidden, memory) = self.cell(x, (hidden, memory))
        return y, (hidden, memory)


@final
class Upsample(Stateless):
    """Sub-pixel upsampling (Shi et al., 2016): one frame becomes ``factor`` frames through a linear map.

    It is about 1.7 times faster than a transposed convolution on a CPU and needs no overlap.
    """

    def __init__(self, d_in: int, d_out: int, factor: int):
        super().__init__()
        self.expand = Pointwise(d_in, d_out * factor)
        self._factor = factor
        self.ratio = Fraction(factor)

    def map(self, x: Tensor) -> Tensor:
        """``(b, n, d_in)`` to ``(b, n * factor, d_out)``."""
        return self.expand.map(x).reshape(x.shape[0], x.shape[1] * self._factor, -1)
