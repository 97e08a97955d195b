"""What a run is made of besides its configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.data import AudioCache
from auricle.model import Autoencoder
from auricle.training.machine import Machine
from auricle.training.report import Preview
from auricle.training.schedule import Budget


@final
@dataclass(frozen=True)
class Run:
    """Where a run reads and writes, how long it lasts and who works for it.

    Attributes:
        folder: checkpoints go below it.
        cache: the sounds.
        budget: time or steps.
        machine: device and processes.
        resume: go on from the last checkpoint.
        preview: measures a model on held-out sound.
        previews: about how many of these measurements a run makes.
        save_seconds: time between two checkpoints.
        report_steps: steps between two reports.
    """

    folder: Path
    cache: AudioCache
    budget: Budget
    machine: Machine
    resume: bool = False
    preview: Callable[[Autoencoder], Preview | None] = lambda model: None
    previews: int = 20
    save_seconds: float = 120.0
    report_steps: int = 10
