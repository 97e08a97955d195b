"""Averaged weights (Polyak and Juditsky, 1992): what a run keeps and shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

_YOUNGEST = 10.0  # in the first steps the memory is shorter: after n steps about n / 10 of them


@final
class ExponentialMovingAverage:
    """An exponential moving average of a module's parameters and floating-point buffers."""

    def __init__(self, module: nn.Module, memory: float):
        self._live = module.state_dict()
        self._memory = memory
        self.values = {name: value.detach().clone() for name, value in self._live.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Follow the module after its ``step``-th step (from 0)."""
        memory = min(self._memory, (1.0 + step) / (_YOUNGEST + step))
        smooth = [name for name, value in self.values.items() if value.is_floating_point()]
        follow = get_ema_multi_avg_fn(memory)
        follow([self.values[name] for name in smooth], [self._live[name] for name in smooth], None)
        for name in self.values.keys() - set(smooth):
            self.values[name].copy_(self._live[name])

    def load(self, values: dict[str, Tensor]) -> None:
        """Take stored values, of the same names."""
        for name, value in self.values.items():
            value.copy_(values[name])

    @torch.no_grad()
    def apply(self) -> None:
        """Give the module the averaged weights."""
        for name, value in self.values.items():
            self._live[name].copy_(value)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The module has the averaged weights inside the block, its own ones after it."""
        current = {name: value.clone() for name, value in self._live.items()}
        self.apply()
        try:
            yield
        finally:
            for name, value in current.items():
                self._live[name].copy_(value)
