"""Training: presets, objective, schedule and loop."""

from auricle.training.autoencoder import AutoencoderTask
from auricle.training.engine.device import TrainingDevice
from auricle.training.engine.optimiser import OptimiserConfig
from auricle.training.engine.report import Excerpt, Preview, Report
from auricle.training.loop.loop import run_training
from auricle.training.loop.schedule import Budget
from auricle.training.loop.single_loss_worker import SingleLossWorker
from auricle.training.loop.task import Run, Task
from auricle.training.loop.worker import Worker
from auricle.training.objective.adversary import AdversaryConfig
from auricle.training.objective.config import ObjectiveConfig, Phase, Term, TrainConfig
from auricle.training.objective.label_head import LabelConfig
from auricle.training.objective.objective import Objective
from auricle.training.presets import PRESETS, Size, named, preset, with_adversary
from auricle.training.preview import Excerpts, preview

__all__ = [
    "PRESETS",
    "AdversaryConfig",
    "AutoencoderTask",
    "Budget",
    "Excerpt",
    "Excerpts",
    "LabelConfig",
    "Objective",
    "ObjectiveConfig",
    "OptimiserConfig",
    "Phase",
    "Preview",
    "Report",
    "Run",
    "SingleLossWorker",
    "Size",
    "Task",
    "Term",
    "TrainConfig",
    "TrainingDevice",
    "Worker",
    "named",
    "preset",
    "preview",
    "run_training",
    "with_adversary",
]
