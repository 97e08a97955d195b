"""The streaming contract that every network layer keeps."""

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

State: TypeAlias = tuple[Any, ...]
"""A tuple of tensors and states: a value that ``step`` takes and returns, never an attribute of a layer."""


class Layer(nn.Module, ABC):
    """A causal map from sequences ``(b, n, d)`` to sequences ``(b, n * ratio, d')`` that can be run in pieces.

    ``forward(x)`` is ``step(x, initial_state)``: there is one code path, so streaming and training can't differ.

    Attributes:
        ratio: output steps per input step.
        block: input lengths must be positive multiples of this.
        latency: output steps by which the output lags the input. A layer that looks ahead declares it here.
    """

    ratio: Fraction = Fraction(1)
    block: int = 1
    latency: int = 0

    @abstractmethod
    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """State before the first step, for ``batch`` sequences."""

    @abstractmethod
    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run a piece.

        Args:
            x: ``(b, n, d)``, n a positive multiple of ``block``.
            state: what ``initial_state`` or the step before returned.

        Returns:
            output ``(b, n * ratio, d')`` and the state after it.
        """

    def forward(self, x: Tensor) -> Tensor:
        """Run a whole sequence ``(b, n, d)`` from the initial state."""
        return self.step(x, self.initial_state(x.shape[0], device=x.device, dtype=x.dtype))[0]


class Stateless(Layer):
    """Base of layers that treat each step by itself."""

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        return ()

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return self.map(x), state

    @abstractmethod
    def map(self, x: Tensor) -> Tensor:
        """``(b, n, d)`` to ``(b, n * ratio, d')``."""
