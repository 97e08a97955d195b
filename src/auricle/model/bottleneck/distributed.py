"""Statistics that are one for all processes of a run. Alone, a process has its own."""

import torch.distributed as dist
from torch import Tensor


def all_reduce_sum(values: Tensor) -> Tensor:
    """The sum over all processes, in each of them; the same order of calls everywhere is the caller's duty."""
    if not _is_distributed():
        return values
    total = values.clone()
    dist.all_reduce(total)
    return total


def broadcast_from_rank0(values: Tensor) -> Tensor:
    """What the first process has, in each of them."""
    if not _is_distributed():
        return values
    copy = values.contiguous().clone()
    dist.broadcast(copy, src=0)
    return copy


def _is_distributed() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
