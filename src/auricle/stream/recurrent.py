"""Recurrent layers."""

from typing import final

import torch
from torch import Tensor, nn

from auricle.stream.layer import Layer, State


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
        y, (hidden, memory) = self.cell(x, (hidden, memory))
        return y, (hidden, memory)
