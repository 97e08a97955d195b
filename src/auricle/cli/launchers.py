"""What torchrun, accelerate and MPI say of the processes that they start together."""

import os

_RANK_VARIABLES = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
_COUNT_VARIABLES = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")


def is_main_process() -> bool:
    """Whether this process speaks: the only one, or the first that was started."""
    return all(os.environ.get(name, "0") == "0" for name in _RANK_VARIABLES)


def is_only_process() -> bool:
    """Whether this process was started without others."""
    return all(os.environ.get(name, "1") == "1" for name in _COUNT_VARIABLES)
