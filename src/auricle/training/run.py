"""What a run is made of besides its task."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.training.machine import Machine
from auricle.training.schedule import Budget


@final
@dataclass(frozen=True)
class Run:
    """Where a run reads and writes, how long it lasts and who works for it.

    Attributes:
        folder: checkpoints go below it.
        budget: time or steps.
        machine: device and processes.
        resume: go on from the last checkpoint.
        previews: about how many measurements on held-out sound a run makes.
        save_seconds: time between two checkpoints.
        report_steps: steps between two reports.
    """

    folder: Path
    budget: Budget
    machine: Machine
    resume: bool = False
    previews: int = 20
    save_seconds: float = 120.0
    report_steps: int = 10
