"""Batches made ahead of time, so that the step never waits for them."""

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, final

import numpy as np
import torch
from torch import Tensor

from auricle.data import CropSampler
from auricle.training.machine import Machine


@final
class Feed:
    """This process's batches, one step ahead; a context manager."""

    def __init__(self, sampler: CropSampler, machine: Machine):
        self._sampler, self._machine = sampler, machine
        self._loader = ThreadPoolExecutor(1)
        self._step, self._ahead = -1, Future()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._loader.shutdown(wait=False, cancel_futures=True)

    def take(self, step: int) -> list[Tensor]:
        """Batches ``(b, t)`` of a step, on the device."""
        if step != self._step:
            self._order(step)
        batches = self._ahead.result()
        self._order(step + 1)
        return [torch.from_numpy(batch).to(self._machine.device, non_blocking=True) for batch in batches]

    def _order(self, step: int) -> None:
        self._step, self._ahead = step, self._loader.submit(self._make, step)

    def _make(self, step: int) -> list[np.ndarray]:
        parts = range(self._machine.accumulate)
        return [self._sampler.batch(step, self._machine.shard(part)) for part in parts]
