"""Training: presets, objective, schedule and loop."""

from auricle.train.config import ObjectiveConfig, OptimiserConfig, Term, TrainConfig
from auricle.train.loop import Report, Run, sample_audio, train
from auricle.train.objective import Objective, Outcome
from auricle.train.presets import PRESETS, preset
from auricle.train.schedule import Budget

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
    "preset",
    "sample_audio",
    "train",
]
