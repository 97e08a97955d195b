"""Training: presets, objective, schedule and loop."""

from auricle.training.adversary import AdversaryConfig
from auricle.training.autoencode import AutoencoderTask
from auricle.training.config import ObjectiveConfig, Phase, Term, TrainConfig
from auricle.training.labels import LabelConfig
from auricle.training.loop import run_training
from auricle.training.machine import Machine
from auricle.training.objective import Objective
from auricle.training.optimiser import OptimiserConfig
from auricle.training.plain import PlainWorker
from auricle.training.presets import PRESETS, Size, named, with_adversary
from auricle.training.preview import Excerpts, preview
from auricle.training.report import Excerpt, Preview, Report
from auricle.training.run import Run
from auricle.training.schedule import Budget
from auricle.training.task import Task
from auricle.training.worker import Worker

__all__ = [
    "PRESETS",
    "AdversaryConfig",
    "AutoencoderTask",
    "Budget",
    "Excerpt",
    "Excerpts",
    "LabelConfig",
    "Machine",
    "Objective",
    "ObjectiveConfig",
    "OptimiserConfig",
    "Phase",
    "PlainWorker",
    "Preview",
    "Report",
    "Run",
    "Size",
    "Task",
    "Term",
    "TrainConfig",
    "Worker",
    "named",
    "preview",
    "run_training",
    "with_adversary",
]
