"""Training a prior: what the general training loop needs to know of it."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from pydantic import Field, SerializeAsAny
from torch import Tensor, nn

from auricle.model import Autoencoder
from auricle.model.registry import Frozen
from auricle.options.synthesis import SamplingOptions
from auricle.synth.priors.base import NO_CLASS, Prior, PriorConfig
from auricle.synth.priors.flow import FlowConfig, FlowPrior
from auricle.synth.priors.sizes import draw_size
from auricle.synth.rendering.mid_side import decode_mid_side, to_latents
from auricle.synth.sampling.base import randomness
from auricle.synth.sampling.dispatch import sampler_for
from auricle.synth.training.distillation import LEAST_STEPS, MeanVelocityLoss, without_mean_velocities
from auricle.synth.training.latent_cache import LatentCache
from auricle.synth.training.window_sampler import Windows, WindowSampler
from auricle.training import Excerpt, OptimiserConfig, Phase, Preview, SingleLossWorker, Task, TrainingDevice
from auricle.training.loop.worker import without_prefix

_HELD_OUT_BATCHES, _HELD_OUT_BATCH = 3, 64
_PREVIEW_SOUNDS, _PREVIEW_SAMPLING = 3, SamplingOptions(guidance=1.5)
_SEED = 7


def _usual_optimiser(rate: float) -> OptimiserConfig:
    return OptimiserConfig(rate=rate, betas=(0.9, 0.99), warmup=50)


@final
class PriorTraining(Frozen):
    """A prior's training but for its sounds and its budget."""

    prior: SerializeAsAny[PriorConfig] = Field(description="what is trained")
    optimiser: OptimiserConfig = Field(default=_usual_optimiser(2e-3), description="how it learns")
    distilled: float = Field(
        default=0.3, gt=0, lt=1, description="last share of the run, in which a flow learns mean velocities"
    )
    distillation: OptimiserConfig = Field(default=_usual_optimiser(1e-3), description="how it learns them")
    batch: int = Field(default=32, ge=1, le=4096, description="windows per step, process and accumulated part")
    average: float = Field(default=0.999, ge=0, lt=1, description="memory of the averaged weights per step")
    seed: int = Field(default=0, ge=0, description="decides weights, windows and noise")


@final
@dataclass(frozen=True, eq=False)
class LabelledLatents:
    """Latents, and what is known of each sound.

    Attributes:
        latents: of all sounds.
        labels: number of each sound's class, -1 for none.
        notes: float32 ``(sounds, 2)``, note and velocity of each, NaN for none; None where notes are not learned.
    """

    latents: LatentCache
    labels: Sequence[int]
    notes: np.ndarray | None = None


@final
class PriorTask(Task):
    """What a run teaches a prior: in the last part of a flow's run mean velocities.

    Args:
        prior: trained in place.
        config: the run's.
        learned: what it learns from.
        held_out: what it is judged by; None if there is nothing.
        model: makes sound of its latents.
    """

    rewinds = True

    def __init__(
        self,
        prior: Prior,
        config: PriorTraining,
        learned: LabelledLatents,
        held_out: LabelledLatents | None,
        model: Autoencoder,
    ) -> None:
        self.module = self._prior = prior
        self.phases = _phases(config)
        self._loss = _PriorLoss(prior)
        origin = prior.origin.model_dump(mode="json")
        self.identity = json.dumps({"training": config.model_dump(mode="json"), "origin": origin}, sort_keys=True)
        self._config, self._model = config, model
        self._sampler = _sampler(learned, prior, config.batch, config.seed)
        self.batch_seconds = config.batch * self._sampler.mean_frames / prior.frame_rate
        self._held_out = () if held_out is None else _held_out_windows(held_out, prior)

    @property
    def trained_prior(self) -> Prior:
        """The prior, as it was before it learned mean velocities if a run ended with next to none of them."""
        prior, loss = self._prior, self._loss
        if isinstance(loss, MeanVelocityLoss):
            return prior if int(loss.steps) >= LEAST_STEPS else without_mean_velocities(loss.teacher)
        if isinstance(prior, FlowPrior) and prior.has_mean_velocities:
            return without_mean_velocities(prior)
        return prior

    def worker(self, phase: int, device: TrainingDevice) -> SingleLossWorker:
        """One module, one optimiser, one loss."""
        config, prior = self._config, self._prior
        self._loss = MeanVelocityLoss(prior) if phase > 0 and isinstance(prior, FlowPrior) else _PriorLoss(prior)
        return SingleLossWorker(
            self._loss, self.phases, phase, device, seed=config.seed, memory=config.average, averaged=prior
        )

    def rewind(self, tensors: Mapping[str, Tensor]) -> None:
        """A flow goes on as the teacher of its mean velocities: what it was before it learned them."""
        teacher = without_prefix(tensors, "model.teacher")
        self._prior.load_state_dict(teacher)

    def batch(self, step: int, shard: int) -> tuple[np.ndarray, ...]:
        """Windows of latents."""
        return tuple(self._sampler.batch(step, shard))

    def loss(self) -> float | None:
        """On held-out sounds, always of the same windows and noise; None if there are none."""
        return _held_out_loss(_PriorLoss(self._prior), self._held_out) if self._held_out else None

    def measure(self) -> Preview | None:
        """What is learned in this phase, on held-out sounds, and a few new sounds."""
        if not self._held_out:
            return None
        figure = _held_out_loss(self._loss, self._held_out)
        return Preview(
            sample_rate=self._prior.sample_rate,
            figure=figure,
            measure="error of mean velocities" if isinstance(self._loss, MeanVelocityLoss) else "loss",
            rate=None,
            usage={},
            excerpts=_preview_sounds(self.trained_prior, self._model),
        )


@final
class _PriorLoss(nn.Module):
    """A prior's loss, of windows of latents that are not standardised, as the training loop takes it."""

    def __init__(self, prior: Prior):
        super().__init__()
        self.prior = prior
        self.train(prior.training)

    def forward(self, x: Tensor, before: Tensor, label: Tensor, begin: Tensor, size: Tensor) -> dict[str, Tensor]:
        return self.prior.loss(self.prior.standardise(x), self.prior.standardise(before), label, begin, size)


def _phases(config: PriorTraining) -> tuple[Phase, ...]:
    """A flow's mean velocities come last, if it has any."""
    if not (isinstance(config.prior, FlowConfig) and config.prior.mean_velocities):
        return (Phase(name="prior", optimiser=config.optimiser),)
    return (
        Phase(name="prior", share=1.0 - config.distilled, optimiser=config.optimiser),
        Phase(name="mean velocities", share=config.distilled, optimiser=config.distillation),
    )


@torch.no_grad()
def _held_out_loss(module: nn.Module, batches: Sequence[Windows]) -> float:
    """Mean loss in use: no class forgotten, no blur; draws the same noise each time and leaves the module as it was."""
    device, mode = next(module.parameters()).device, module.training
    module.eval()
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        terms = [module(*(torch.from_numpy(array).to(device) for array in batch)) for batch in batches]
    module.train(mode)
    return float(torch.cat([term["loss"] for term in terms]).mean())


def _sampler(examples: LabelledLatents, prior: Prior, batch: int, seed: int) -> WindowSampler:
    """Windows that end with their sounds, of a flow that is told when that is."""
    multiple = prior.patch if isinstance(prior, FlowPrior) and prior.sizes is not None else None
    return WindowSampler(
        examples.latents,
        examples.labels,
        window=prior.window,
        batch=batch,
        seed=seed,
        frame_rate=prior.frame_rate,
        multiple=multiple,
        notes=examples.notes,
    )


def _held_out_windows(examples: LabelledLatents, prior: Prior) -> tuple[Windows, ...]:
    sampler = _sampler(examples, prior, _HELD_OUT_BATCH, _SEED)
    return tuple(sampler.batch(index) for index in range(_HELD_OUT_BATCHES))


@torch.inference_mode()
def _preview_sounds(prior: Prior, model: Autoencoder) -> tuple[Excerpt, ...]:
    """One new sound of each of a few classes."""
    still = copy.deepcopy(prior).cpu().eval()
    count = len(prior.classes)
    sounds = min(_PREVIEW_SOUNDS, count)
    labels = [index * count // sounds for index in range(sounds)] or [NO_CLASS]
    return tuple(_preview_sound(still, model, label, index) for index, label in enumerate(labels))


def _preview_sound(prior: Prior, model: Autoencoder, label: int, index: int) -> Excerpt:
    pieces, frames, random = [], 0, randomness(_SEED, index)
    size = None if prior.sizes is None else draw_size(prior.sizes, label, random)
    for piece in sampler_for(prior, _PREVIEW_SAMPLING, label).sample([random], sizes=size and (size,)):
        pieces.append(piece[0])
        frames += len(pieces[-1])
        if frames >= prior.window or size is not None:
            break
    z = to_latents(prior.restore(torch.cat(pieces)), prior.channels)
    audio = decode_mid_side(model, z, frames * model.hop_length - model.decoder_latency).mean(0).numpy()
    name = prior.classes[label] if label >= 0 else "sound"
    return Excerpt(name, None, np.nan_to_num(audio, posinf=0.0, neginf=0.0), None)
