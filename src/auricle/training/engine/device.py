"""Devices and processes: everything that accelerate does for a run starts here."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import cast, final

import torch
from torch import Tensor, nn

from auricle.errors import MachineError, OptionError
from auricle.extras import require
from auricle.options.training import DeviceConfig

_TIMEOUT = timedelta(hours=6)  # other processes wait while the first one decodes the sounds
_BF16_INSTRUCTIONS = "avx512_bf16", "amx_bf16"
_LOST_CONNECTION = re.compile("gloo|nccl|connection (closed|reset|refused)|broken pipe|process group", re.IGNORECASE)


@final
class TrainingDevice:
    """One process of a run, on its device.

    Args:
        config: which device, and how it computes.

    Attributes:
        computes_in_bf16: whether networks compute in bfloat16, as far as autocast lets them.

    Raises:
        OptionError: a precision that this device does not have.
        MachineError: several processes were started, but this kind of device can't join them.
        MissingPackageError: accelerate is not installed.
    """

    def __init__(self, config: DeviceConfig = DeviceConfig()):
        has_bf16 = _has_bf16(config.cpu)
        if config.precision == "bf16" and not has_bf16:
            raise OptionError("this device does not compute in bfloat16 at speed: use --precision float32")
        require("accelerate", extra="train", purpose="training runs")
        from accelerate import Accelerator
        from accelerate.utils import InitProcessGroupKwargs

        # Not with mixed_precision: that is one and the same for all runs of a Python process.
        self.accelerator: Accelerator = Accelerator(
            cpu=config.cpu or _must_join_on_cpu(),
            mixed_precision="no",
            kwargs_handlers=[InitProcessGroupKwargs(timeout=_TIMEOUT)],
        )
        self.computes_in_bf16 = has_bf16 and config.precision != "float32"
        self.config = config
        if self.processes > 1:  # harmless, and each process would say it
            warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")

    @property
    def torch_device(self) -> torch.device:
        """Where this process computes."""
        return self.accelerator.device

    @property
    def processes(self) -> int:
        """How many work together."""
        return self.accelerator.num_processes

    @property
    def accumulate(self) -> int:
        """Batches of this process per step."""
        return self.config.accumulate

    @property
    def shards(self) -> int:
        """Batches per step of all processes together."""
        return self.processes * self.accumulate

    @property
    def is_main(self) -> bool:
        """The process that writes files and speaks."""
        return self.accelerator.is_main_process

    def prepare(self, module: nn.Module) -> nn.Module:
        """The form in which all processes call a module, so that gradients are averaged over them; it computes in the
        device's precision, and its results are float32."""
        return self.accelerator.prepare(_InBFloat16(module) if self.computes_in_bf16 else module)

    def shard(self, part: int) -> int:
        """Number of this process's ``part``-th batch of a step among all :attr:`shards`."""
        return part * self.processes + self.accelerator.process_index

    def broadcast_from_main(self, *values: float) -> tuple[float, ...]:
        """What the first process says, so that all decide alike."""
        if self.processes == 1:
            return values
        from accelerate.utils import broadcast

        tensor = torch.tensor(values, dtype=torch.float64, device=self.torch_device)
        return tuple(cast(Tensor, broadcast(tensor)).tolist())

    def all_reduce_mean(self, values: Tensor) -> Tensor:
        """Mean over processes, element by element."""
        if self.processes == 1:
            return values
        from accelerate.utils import reduce

        return cast(Tensor, reduce(values, "mean"))

    @contextmanager
    def main_process_first(self) -> Iterator[None]:
        """The first process of all, then the first ones of the other machines, then everybody."""
        with (
            self.name_lost_processes(),
            self.accelerator.main_process_first(),
            self.accelerator.local_main_process_first(),
        ):
            yield

    @contextmanager
    def name_lost_processes(self) -> Iterator[None]:
        """A block in which processes wait for each other.

        Raises:
            MachineError: one of the others has ended; raised within a moment where the system closes its connections.
        """
        try:
            yield
        except RuntimeError as error:
            if self.processes == 1 or not _is_lost_connection(error):
                raise
            raise MachineError(
                f"process {self.accelerator.process_index} of {self.processes} has lost the others: see above or in "
                "their logs which one ended and why, then start the same command again with --resume"
            ) from error

    def wait_for_everyone(self) -> None:
        """Return when all processes are here.

        Raises:
            MachineError: one of them has ended.
        """
        with self.name_lost_processes():
            self.accelerator.wait_for_everyone()


@final
class _InBFloat16(nn.Module):
    """A module under autocast."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> object:
        from accelerate.utils import convert_to_fp32

        with torch.autocast(inputs[0].device.type, torch.bfloat16):
            outputs = self.module(*inputs)
        return convert_to_fp32(outputs)


def _must_join_on_cpu() -> bool:
    """Whether torchrun or accelerate has started several processes on a machine without an accelerator.

    There accelerate would join none of them: each would train by itself, into the same folder.

    Raises:
        MachineError: there is an accelerator, but of a kind that can't join processes.
    """
    count = os.environ.get("WORLD_SIZE", "1")
    if "LOCAL_RANK" not in os.environ or not count.isdecimal() or int(count) < 2:
        return False
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if accelerator is not None and accelerator.type == "mps":
        raise MachineError(
            f"{count} processes were started, but mps devices can't work together: start one, or use --cpu"
        )
    return accelerator is None


def _is_lost_connection(error: RuntimeError) -> bool:
    """Gloo's errors have no class of their own."""
    return isinstance(error, torch.distributed.DistError) or _LOST_CONNECTION.search(str(error)) is not None


def _has_bf16(cpu: bool) -> bool:
    """Whether the device multiplies matrices in bfloat16 faster than in float32: most GPUs, and CPUs that have
    instructions for it (AVX512-BF16 or AMX); other CPUs lose."""
    if not cpu and torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if not cpu and torch.backends.mps.is_available():
        return False
    return any(torch.cpu.get_capabilities().get(name, False) for name in _BF16_INSTRUCTIONS)
