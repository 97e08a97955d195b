"""What a run teaches, as the training loop sees it, and what it is made of besides."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import final

import numpy as np
from torch import Tensor, nn

from auricle.training.engine.device import TrainingDevice
from auricle.training.engine.report import Preview
from auricle.training.loop.schedule import Budget
from auricle.training.loop.worker import Worker
from auricle.training.objective.config import Phase


class Task(ABC):
    """A module, its data and how it is judged; the loop brings time, checkpoints, processes and reports.

    Attributes:
        module: trained in place; in the end it has the averaged weights, on the CPU.
        phases: one after the other.
        identity: the configuration as JSON; a resumed run must have the same.
        batch_seconds: seconds of sound in one batch of one process.
        rewinds: whether a run goes back to an earlier phase when its budget is raised; else it stays where it is.
    """

    module: nn.Module
    phases: Sequence[Phase]
    identity: str
    batch_seconds: float
    rewinds: bool = False

    @abstractmethod
    def worker(self, phase: int, device: TrainingDevice) -> Worker:
        """This process's part in a phase."""

    def rewind(self, tensors: Mapping[str, Tensor]) -> None:
        """Give the module the weights with which an earlier phase goes on, out of a later phase's state."""
        raise NotImplementedError(f"{type(self).__name__} goes back to no phase")

    @abstractmethod
    def batch(self, step: int, shard: int) -> tuple[np.ndarray, ...]:
        """A batch, a function of step and shard alone."""

    @abstractmethod
    def measure(self) -> Preview | None:
        """How the module does on what is held out; None if nothing is."""


class TrainingIntent(Enum):
    """What a run shall do next; `TrainingCallbacks.intent` returns it.

    Attributes:
        go_on: train until the budget is spent.
        pause: save the state and end, so that the run can be resumed.
        finish: end as if the budget were spent: the averaged weights are measured, and the best ones kept.
    """

    go_on = 0
    pause = 1
    finish = 2


def always_go_on() -> TrainingIntent:
    """The default: a run ends with its budget."""
    return TrainingIntent.go_on


@final
@dataclass(frozen=True)
class Run:
    """Where a run reads and writes, how long it lasts and who works for it.

    Attributes:
        folder: checkpoints go below it.
        budget: time or steps.
        device: what this process computes on, and its place among the others.
        resume: go on from the last checkpoint.
        previews: about how many measurements on held-out sound a run makes.
        save_seconds: time between two checkpoints.
        report_steps: steps between two reports.
        on_note: is told in one line what a resumed run found.
        intent: asked after every step, on the first process.
    """

    folder: Path
    budget: Budget
    device: TrainingDevice
    resume: bool = False
    previews: int = 20
    save_seconds: float = 120.0
    report_steps: int = 10
    on_note: Callable[[str], None] = lambda line: None
    intent: Callable[[], TrainingIntent] = always_go_on
