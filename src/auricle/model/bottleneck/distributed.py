"""Statistics that are one for all processes of a run. Alone, a process has its own."""

import torch.distributed as dist
from torch import Tensor


def summed(values: Tensor) -> Tensor:
    """The sum over all processes, in each of them; the same order of calls everywhere is the caller's duty."""
    if not _together():
        return values
    total = values.clone()
    dist.all_reduce(total)
    return total


def from_first(values: Tensor) -> Tensor:
    """What the first process has, in each of them."""
    if not _together():
        return values
    said = values.contiguous().clone()
    dist.broadcast(said, src=0)
    return said


def _together() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
