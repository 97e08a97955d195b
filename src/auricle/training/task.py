"""What a run teaches, as the training loop sees it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from torch import nn

from auricle.training.config import Phase
from auricle.training.machine import Machine
from auricle.training.report import Preview
from auricle.training.worker import Worker


class Task(ABC):
    """A module, its data and how it is judged; the loop brings time, checkpoints, processes and reports.

    Attributes:
        module: trained in place; in the end it has the averaged weights, on the CPU.
        phases: one after the other.
        identity: the configuration as JSON; a resumed run must have the same.
        batch_seconds: seconds of sound in one batch of one process.
    """

    module: nn.Module
    phases: Sequence[Phase]
    identity: str
    batch_seconds: float

    @abstractmethod
    def worker(self, phase: int, machine: Machine) -> Worker:
        """This process's part in a phase."""

    @abstractmethod
    def batch(self, step: int, shard: int) -> tuple[np.ndarray, ...]:
        """A batch, a function of step and shard alone."""

    @abstractmethod
    def measure(self) -> Preview | None:
        """How the module does on what is held out; None if nothing is."""
