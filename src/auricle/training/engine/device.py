"""Devices and processes: everything that accelerate does for a run starts here."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, cast, final

import torch
from torch import Tensor

from auricle.errors import MachineError, OptionError
from auricle.extras import require

if TYPE_CHECKING:
    pass

PRECISIONS = ("auto", "float32", "bf16")
_PATIENCE = timedelta(hours=6)  # other processes wait while the first one decodes the sounds
_LOST = re.compile("gloo|nccl|connection (closed|reset|refused)|broken pipe|process group", re.IGNORECASE)


@final
class Machine:
    """One process of a run, on its device.

    Args:
        precision: ``auto`` takes bfloat16 where a CUDA device computes it well, else float32.
        accumulate: parts that a step of this process is worked off in; gradients are averaged over them.
        cpu: stay on the CPU although there is another device.

    Raises:
        OptionError: an unknown precision, or one that this device does not have.
        MissingPackageError: accelerate is not installed.
    """

    def __init__(self, precision: str = "auto", accumulate: int = 1, *, cpu: bool = False):
        if precision not in PRECISIONS:
            raise OptionError(f"precision {precision!r} is unknown: choose one of {', '.join(PRECISIONS)}")
        if not 1 <= accumulate <= 4096:
            raise OptionError(f"{accumulate} parts of a step: use 1 to 4096")
        half = _has_bf16(cpu) if precision == "auto" else precision == "bf16"
        if half and not _has_bf16(cpu):
            raise OptionError("this device does not compute in bfloat16 at speed: use --precision float32")
        require("accelerate", extra="train", purpose="training runs")
        from accelerate import Accelerator
        from accelerate.utils import InitProcessGroupKwargs

        self.accelerator: Accelerator = Accelerator(
            cpu=cpu,
            mixed_precision="bf16" if half else "no",
            kwargs_handlers=[InitProcessGroupKwargs(timeout=_PATIENCE)],
        )
        self.accumulate = accumulate
        if self.processes > 1:  # harmless, and each process would say it
            warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return self.accelerator.device

    @property
    def processes(self) -> int:
        """How many work together."""
        return self.accelerator.num_processes

    @property
    def shards(self) -> int:
        """Batches per step of all processes together."""
        return self.processes * self.accumulate

    @property
    def first(self) -> bool:
        """The process that writes files and speaks."""
        return self.accelerator.is_main_process

    def shard(self, part: int) -> int:
        """Number of this process's ``part``-th batch of a step among all :attr:`shards`."""
        return part * self.processes + self.accelerator.process_index

    def agreed(self, *values: float) -> tuple[float, ...]:
        """What the first process says, so that all decide alike."""
        if self.processes == 1:
            return values
        from accelerate.utils import broadcast

        said = torch.tensor(values, dtype=torch.float64, device=self.device)
        return tuple(cast(Tensor, broadcast(said)).tolist())

    def mean(self, values: Tensor) -> Tensor:
        """Mean over processes, element by element."""
        if self.processes == 1:
            return values
        from accelerate.utils import reduce

        return cast(Tensor, reduce(values, "mean"))

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """The first process of all, then the first ones of the other machines, then everybody."""
        with self.together(), self.accelerator.main_process_first(), self.accelerator.local_main_process_first():
            yield

    @contextmanager
    def together(self) -> Iterator[None]:
        """A block in which processes wait for each other.

        Raises:
            MachineError: one of the others has ended; raised within a moment where the system closes its connections.
        """
        try:
            yield
        except RuntimeError as error:
            if self.processes == 1 or not _is_loss(error):
                raise
            raise MachineError(
                f"process {self.accelerator.process_index} of {self.processes} has lost the others: see above or in "
                "their logs which one ended and why, then start the same command again with --resume"
            ) from error

    def wait(self) -> None:
        """Until all processes are here.

        Raises:
            MachineError: one of them has ended.
        """
        with self.together():
            self.accelerator.wait_for_everyone()


def _is_loss(error: RuntimeError) -> bool:
    """Gloo's errors have no class of their own."""
    return isinstance(error, torch.distributed.DistError) or _LOST.search(str(error)) is not None


def _has_bf16(cpu: bool) -> bool:
    """Only a GPU: no laptop CPU gains from it, most lose."""
    return not cpu and torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
