"""Layers made of layers, and delays that keep them aligned."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import cast, final

import torch
from torch import Tensor, nn

from auricle.stream.layer import Layer, State


@final
class Delay(Layer):
    """Hold a sequence back by ``steps``. Zeros come first."""

    def __init__(self, dim: int, steps: int):
        super().__init__()
        self._dim = dim
        self._steps = steps
        self.latency = steps

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The last ``steps`` inputs, zeros at first."""
        return (torch.zeros(batch, self._steps, self._dim, device=device, dtype=dtype),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d)`` to the same shape."""
        if self._steps == 0:
            return x, state
        (past,) = state
        joined = torch.cat((past, x), dim=1)
        return joined[:, : x.shape[1]], (joined[:, x.shape[1] :],)


@final
class Serial(Layer):
    """Layers one after the other. Ratio, block and latency follow from theirs."""

    def __init__(self, layers: Sequence[Layer]):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        ratio, latency, block = Fraction(1), Fraction(0), 1
        for layer in layers:
            needed = ratio.denominator * layer.block
            block = math.lcm(block, needed // math.gcd(ratio.numerator, needed))
            ratio *= layer.ratio
            latency = latency * layer.ratio + layer.latency
        assert latency.denominator == 1, f"a delay of {latency} steps can't be expressed: delay by whole output steps"
        self.ratio, self.block, self.latency = ratio, block, int(latency)

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        return tuple(layer.initial_state(batch, device=device, dtype=dtype) for layer in self.chain())

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d)`` through every layer."""
        states = []
        for layer, before in zip(self.chain(), state, strict=True):
            x, after = layer.step(x, before)
            states.append(after)
        return x, tuple(states)

    def chain(self) -> list[Layer]:
        """The layers, first to last."""
        return cast(list[Layer], list(self.layers))


@final
class Residual(Layer):
    """``x + body(x)``, with x held back by the latency that the body declares.

    Args:
        body: keeps rate and features.
        dim: features of x.
    """

    def __init__(self, body: Layer, dim: int):
        super().__init__()
        assert body.ratio == 1, body.ratio
        self.body = body
        self._delay = Delay(dim, body.latency)
        self.block, self.latency = body.block, body.latency

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        return (
            self.body.initial_state(batch, device=device, dtype=dtype),
            self._delay.initial_state(batch, device=device, dtype=dtype),
        )

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d)`` to the same shape."""
        body, delay_state = state
        y, body = self.body.step(x, body)
        shortcut, delay_state = self._delay.step(x, delay_state)
        return shortcut + y, (body, delay_state)


@final
class Parallel(Layer):
    """``side(x) + body(x)``, with the side held back by the latency that the body declares.

    Args:
        body: keeps the rate.
        side: keeps the rate and has no latency.
        dim: features of what both make.
    """

    def __init__(self, body: Layer, side: Layer, dim: int):
        super().__init__()
        assert body.ratio == side.ratio == 1 and side.latency == 0, (body.ratio, side.ratio, side.latency)
        self.body, self.side = body, side
        self._delay = Delay(dim, body.latency)
        self.block, self.latency = math.lcm(body.block, side.block), body.latency

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        parts = (self.body, self.side, self._delay)
        return tuple(part.initial_state(batch, device=device, dtype=dtype) for part in parts)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d_in)`` to ``(b, n, d_out)``."""
        body, side, delay_state = state
        y, body = self.body.step(x, body)
        z, side = self.side.step(x, side)
        z, delay_state = self._delay.step(z, delay_state)
        return y + z, (body, side, delay_state)
