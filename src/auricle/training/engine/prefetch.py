"""Batches made ahead of time, so that the step never waits for them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, final

import numpy as np
import torch
from torch import Tensor

from auricle.training.engine.device import TrainingDevice


@final
class Prefetcher:
    """This process's batches, one step ahead; a context manager.

    Args:
        batch: makes the arrays of a step and shard.
        device: which shards are this process's, and where they go.
    """

    def __init__(self, batch: Callable[[int, int], tuple[np.ndarray, ...]], device: TrainingDevice):
        self._batch, self._device = batch, device
        self._loader = ThreadPoolExecutor(1)
        self._step, self._ahead = -1, Future()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._loader.shutdown(wait=False, cancel_futures=True)

    def take(self, step: int) -> list[tuple[Tensor, ...]]:
        """Batches of a step, on the device."""
        if step != self._step:
            self._order(step)
        batches = self._ahead.result()
        self._order(step + 1)
        device = self._device.torch_device
        return [tuple(torch.from_numpy(array).to(device, non_blocking=True) for array in batch) for batch in batches]

    def _order(self, step: int) -> None:
        self._step, self._ahead = step, self._loader.submit(self._make, step)

    def _make(self, step: int) -> list[tuple[np.ndarray, ...]]:
        parts = range(self._device.accumulate)
        return [self._batch(step, self._device.shard(part)) for part in parts]
