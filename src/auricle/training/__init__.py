"""Training: presets, objective, schedule and loop."""

from auricle.training.adversary import AdversaryConfig
from auricle.training.config import ObjectiveConfig, Phase, Term, TrainConfig
from auricle.training.loop import run_training
from auricle.training.machine import Machine
from auricle.training.objective import Objective
from auricle.training.optimiser import OptimiserConfig
from auricle.training.presets import PRESETS, Size, named, with_adversary
from auricle.training.preview import Excerpts, preview
from auricle.training.report import Excerpt, Preview, Report
from auricle.training.run import Run
from auricle.training.schedule import Budget

__all__ = [
    "PRESETS",
    "AdversaryConfig",
    "Budget",
    "Excerpt",
    "Excerpts",
    "Machine",
    "Objective",
    "ObjectiveConfig",
    "OptimiserConfig",
    "Phase",
    "Preview",
    "Report",
    "Run",
    "Size",
    "Term",
    "TrainConfig",
    "named",
    "preview",
    "run_training",
    "with_adversary",
]
