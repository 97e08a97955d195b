"""A small training run as a process of its own: one of several that ``torchrun`` starts, or one that gets killed.

Called with one argument, the path of a JSON file with the fields of `Job`.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from auricle.audio.writer import write
from auricle.data import AudioCache, scan
from auricle.discriminators import ConvConfig, SpectrumConfig
from auricle.errors import AuricleError
from auricle.losses import CompandedMdctConfig
from auricle.model import Autoencoder
from auricle.options.training import DeviceConfig
from auricle.training import (
    AdversaryConfig,
    AutoencoderTask,
    Budget,
    ObjectiveConfig,
    OptimiserConfig,
    Phase,
    Run,
    Term,
    TrainConfig,
    TrainingDevice,
    run_training,
)
from auricle.training.objective.balancer import BalancerConfig
from model.tiny import BOTTLENECKS, tiny_config

WEIGHTS = {"entropy": {"rate": 0.01}, "rvq": {"commitment": 0.1}}


@dataclass(frozen=True)
class Job:
    """``folder`` gets ``losses.jsonl`` and ``rank<n>.safetensors``, the weights that each process ends with."""

    sounds: str
    folder: str
    budget: str = "12"
    kind: str = "entropy"
    adversarial: bool = False
    balanced: bool = False
    accumulate: int = 1
    batch: int = 2
    save_seconds: float = 0.0
    resume: bool = False


def store(job: Job, path: Path) -> Path:
    path.write_text(json.dumps(asdict(job)), "utf-8")
    return path


def make_sounds(folder: Path, seconds: float = 2.0, count: int = 4) -> Path:
    folder.mkdir()
    time = np.arange(round(16000 * seconds)) / 16000
    generator = np.random.default_rng(0)
    for index in range(count):
        tone = np.sin(2 * np.pi * 150 * (index + 1) * time) * (1 + np.sin(2 * np.pi * 3 * time)) / 4
        write(folder / f"{index}.wav", (tone + 0.01 * generator.standard_normal(len(time)))[None], 16000)
    return folder


def config(job: Job) -> TrainConfig:
    optimiser = OptimiserConfig(warmup=2, rate=3e-3)
    phases: tuple[Phase, ...] = (Phase(optimiser=optimiser),)
    if job.adversarial:
        layers = (ConvConfig(channels=4, kernel=(3, 9), stride=(2, 8)), ConvConfig(channels=4))
        shares = {"mdct": 1.0, "adversarial": 1.0, "feature_matching": 1.0}
        adversary = AdversaryConfig(
            discriminators=(SpectrumConfig(layers=layers),),
            start=1,
            seconds=0.3,
            balancer=BalancerConfig(shares=shares) if job.balanced else None,
            optimiser=OptimiserConfig(rate=1e-3, warmup=2),
        )
        phases = (*phases, Phase(name="adversarial", optimiser=optimiser, frozen="codes", adversary=adversary))
    return TrainConfig(
        model=tiny_config(BOTTLENECKS[job.kind]),
        objective=ObjectiveConfig(losses=(Term(weight=1.0, loss=CompandedMdctConfig()),), bottleneck=WEIGHTS[job.kind]),
        phases=phases,
        crop_frames=20,
        batch=job.batch,
    )


def main(job: Job) -> None:
    device, folder = TrainingDevice(DeviceConfig(accumulate=job.accumulate, cpu=True)), Path(job.folder)
    made = config(job)
    torch.manual_seed(0)
    model = Autoencoder(made.model)
    with device.main_process_first():
        folder.mkdir(exist_ok=True, parents=True)
        cache = AudioCache.build(scan(Path(job.sounds)).sounds, folder, sample_rate=model.sample_rate)
    run = Run(
        folder,
        Budget.parse(job.budget),
        device,
        resume=job.resume,
        save_seconds=job.save_seconds,
        report_steps=1,
    )
    steps = 0
    with (folder / "losses.jsonl").open("a", encoding="utf-8") as log:
        for report in run_training(AutoencoderTask(model, made, cache), run):
            steps = report.step
            if device.is_main:
                line: dict[str, Any] = {"step": steps, "phase": report.phase, "loss": report.loss, **report.terms}
                print(json.dumps(line), file=log, flush=True)
    rank = device.accelerator.process_index
    save_file(model.state_dict(), folder / f"rank{rank}.safetensors", {"steps": str(steps)})


if __name__ == "__main__":
    try:
        main(Job(**json.loads(Path(sys.argv[1]).read_text("utf-8"))))
    except AuricleError as error:
        print(f"rank {os.environ.get('RANK', '0')}: {error}", file=sys.stderr)
        sys.exit(2)
