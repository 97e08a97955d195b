"""Training: presets, objective, schedule and loop."""

from auricle.training.config import ObjectiveConfig, OptimiserConfig, Term, TrainConfig
from auricle.training.loop import Report, Run, run_training, sample_audio
from auricle.training.objective import Objective, Outcome
from auricle.training.presets import PRESETS, named
from auricle.training.schedule import Budget

__all__ = [
    "PRESETS",
    "Budget",
    "Objective",
    "ObjectiveConfig",
    "OptimiserConfig",
    "Outcome",
    "Report",
    "Run",
    "Term",
    "TrainConfig",
    "named",
    "run_training",
    "sample_audio",
]
