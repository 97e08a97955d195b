"""The training loop: a generator of reports, so that whoever runs it decides what to show."""

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from auricle.data import AudioCache, CropSampler
from auricle.errors import ModelError
from auricle.model import Autoencoder
from auricle.model.bottleneck import STEPS_PER_LEVEL
from auricle.training.checkpoint import load_checkpoint, save_checkpoint
from auricle.training.config import TrainConfig
from auricle.training.objective import Objective
from auricle.training.schedule import Budget, Clock, learning_rate

CHECKPOINT = "checkpoint.safetensors"
_REPLAN_STEPS = 20
_MAX_BAD_STEPS = 50


@final
@dataclass(frozen=True)
class Report:
    """The state of a run after a step."""

    step: int
    progress: float
    seconds: float
    seconds_left: float
    learning_rate: float
    audio_per_second: float
    loss: float
    terms: dict[str, float]
    bad_steps: int


@final
@dataclass(frozen=True)
class Run:
    """What a run is made of besides its configuration."""

    folder: Path
    cache: AudioCache
    budget: Budget
    resume: bool = False
    save_seconds: float = 120.0
    report_steps: int = 10


def run_training(model: Autoencoder, config: TrainConfig, run: Run) -> Iterator[Report]:
    """Train ``model`` in place; yields a report every few steps and after the last one.

    The same configuration, sounds and budget in steps give the same weights on the same machine, also
    when the run was interrupted and resumed: crops and noise depend on seed and step alone.

    Raises:
        ModelError: too many steps in a row were not finite, or the checkpoint does not fit.
        OutputError: the run's folder can't be written.
    """
    accelerator = Accelerator()
    objective = Objective(model, config.objective)
    optimiser = _optimiser(objective, config)
    identity = config.model_dump_json()
    checkpoint = run.folder / CHECKPOINT
    clock = load_checkpoint(checkpoint, model, optimiser, identity) if run.resume else Clock()
    prepared, stepper = accelerator.prepare(objective, optimiser)
    sampler = CropSampler(run.cache, length=config.crop_frames * model.hop_length, batch=config.batch, seed=config.seed)
    crop_seconds = config.batch * config.crop_frames * model.hop_length / model.sample_rate
    if run.budget.steps is not None:
        clock = clock.plan(run.budget, 0.0)
    meter, bad, saved_at = _Meter(last_seconds=clock.seconds), 0, clock.seconds
    prepared.train()
    with ThreadPoolExecutor(1) as loader:
        upcoming = loader.submit(sampler.batch, clock.step)
        while not clock.done:
            started = time.perf_counter()
            audio = torch.from_numpy(upcoming.result()).to(accelerator.device)
            upcoming = loader.submit(sampler.batch, clock.step + 1)
            rate = learning_rate(config.optimiser, clock.step, clock.progress)
            values = _step(accelerator, prepared, stepper, audio, clock, rate, config)
            bad = 0 if values else bad + 1
            if bad > _MAX_BAD_STEPS:
                raise ModelError(f"{bad} steps in a row were not finite at step {clock.step}: lower the learning rate")
            clock = clock.tick(time.perf_counter() - started)
            meter = meter.add(values, clock.seconds)
            if clock.step % _REPLAN_STEPS == 0 or clock.stride == 0.0:
                clock = clock.plan(run.budget, meter.seconds_per_step)
            if clock.seconds - saved_at > run.save_seconds or clock.done:
                save_checkpoint(checkpoint, model, optimiser, clock, identity)
                saved_at = clock.seconds
            if clock.step % run.report_steps == 0 or clock.done:
                yield meter.report(clock, rate, crop_seconds, bad)
                meter = replace(meter, count=0, sums={})
    model.eval()


def _optimiser(objective: Objective, config: TrainConfig) -> torch.optim.Optimizer:
    trained = [p for p in objective.model.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim > 1]
    vectors = [p for p in trained if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}],
        lr=config.optimiser.rate,
        betas=config.optimiser.betas,
        weight_decay=config.optimiser.weight_decay,
        fused=True,
    )


def _step(
    accelerator: Accelerator,
    objective: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    audio: Tensor,
    clock: Clock,
    rate: float,
    config: TrainConfig,
) -> dict[str, float]:
    """One optimiser step; an empty result means that it was not finite and was left out."""
    torch.manual_seed(config.seed * 1_000_003 + clock.step)
    levels = accelerator.unwrap_model(objective).model.bottleneck.quality_levels
    steps = torch.randint(0, (levels - 1) * STEPS_PER_LEVEL + 1, (len(audio),))
    quality = (steps / STEPS_PER_LEVEL).to(audio.device)
    outcome = objective(audio, quality, clock.progress)
    optimiser.zero_grad(set_to_none=True)
    accelerator.backward(outcome.loss)
    norm = accelerator.clip_grad_norm_(objective.parameters(), config.optimiser.clip)
    loss = float(outcome.loss.detach())
    if not (math.isfinite(loss) and math.isfinite(float(norm or 0.0))):
        optimiser.zero_grad(set_to_none=True)
        return {}
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    return {"loss": loss, **{name: float(value) for name, value in outcome.terms.items()}}


@final
@dataclass(frozen=True)
class _Meter:
    """Running means of terms and of the time per step."""

    seconds_per_step: float = 0.0
    last_seconds: float = 0.0
    count: int = 0
    sums: dict[str, float] | None = None

    def add(self, values: dict[str, float], seconds: float) -> "_Meter":
        took = seconds - self.last_seconds
        smooth = took if not self.seconds_per_step else 0.95 * self.seconds_per_step + 0.05 * took
        sums = {name: (self.sums or {}).get(name, 0.0) + value for name, value in values.items()}
        return _Meter(smooth, seconds, self.count + bool(values), sums if values else self.sums)

    def report(self, clock: Clock, rate: float, crop_seconds: float, bad: int) -> Report:
        means = {name: total / max(1, self.count) for name, total in (self.sums or {}).items()}
        left = (1.0 - clock.progress) / clock.stride * self.seconds_per_step if clock.stride else 0.0
        return Report(
            step=clock.step,
            progress=min(1.0, clock.progress),
            seconds=clock.seconds,
            seconds_left=max(0.0, left),
            learning_rate=rate,
            audio_per_second=crop_seconds / self.seconds_per_step if self.seconds_per_step else 0.0,
            loss=means.pop("loss", float("nan")),
            terms=means,
            bad_steps=bad,
        )


def sample_audio(cache: AudioCache, sample_rate: int, *, seconds: float, crop: float, seed: int) -> list[Tensor]:
    """Batches ``(8, t)`` of crops of ``crop`` seconds, ``seconds`` in all."""
    sampler = CropSampler(cache, length=int(crop * sample_rate), batch=8, seed=seed)
    count = max(1, round(seconds / (8 * crop)))
    return [torch.from_numpy(np.ascontiguousarray(sampler.batch(index))) for index in range(count)]
