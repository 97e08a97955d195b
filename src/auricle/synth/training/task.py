"""Training a prior: what the general training loop needs to know of it."""

import copy
import json
from collections.abc import Sequence
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
from auricle.synth.priors.flow import FlowPrior
from auricle.synth.priors.sizes import draw_size
from auricle.synth.rendering.mid_side import decode_mid_side, to_latents
from auricle.synth.sampling.base import randomness
from auricle.synth.sampling.dispatch import sampler_for
from auricle.synth.training.latent_cache import LatentCache
from auricle.synth.training.window_sampler import Windows, WindowSampler
from auricle.training import Excerpt, OptimiserConfig, Phase, Preview, SingleLossWorker, Task, TrainingDevice

_HELD_OUT_BATCHES, _HELD_OUT_BATCH = 3, 64
_PREVIEW_SOUNDS, _PREVIEW_SAMPLING = 3, SamplingOptions(guidance=1.5)
_SEED = 7


@final
class PriorTraining(Frozen):
    """A prior's training but for its sounds and its budget."""

    prior: SerializeAsAny[PriorConfig] = Field(description="what is trained")
    optimiser: OptimiserConfig = Field(
        default=OptimiserConfig(rate=2e-3, betas=(0.9, 0.99), warmup=50), description="how it learns"
    )
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
    """What a run teaches a prior.

    Args:
        prior: trained in place.
        config: the run's.
        learned: what it learns from.
        held_out: what it is judged by; None if there is nothing.
        model: makes sound of its latents.
    """

    def __init__(
        self,
        prior: Prior,
        config: PriorTraining,
        learned: LabelledLatents,
        held_out: LabelledLatents | None,
        model: Autoencoder,
    ) -> None:
        self.module = self._prior = prior
        self.phases = (Phase(name="prior", optimiser=config.optimiser),)
        origin = prior.origin.model_dump(mode="json")
        self.identity = json.dumps({"training": config.model_dump(mode="json"), "origin": origin}, sort_keys=True)
        self._config, self._model = config, model
        self._sampler = _sampler(learned, prior, config.batch, config.seed)
        self.batch_seconds = config.batch * self._sampler.mean_frames / prior.frame_rate
        self._held_out = () if held_out is None else _held_out_windows(held_out, prior)

    def worker(self, phase: int, device: TrainingDevice) -> SingleLossWorker:
        """One module, one optimiser, one loss."""
        config = self._config
        module = _PriorLoss(self._prior)
        return SingleLossWorker(
            module, self.phases, phase, device, seed=config.seed, memory=config.average, averaged=self._prior
        )

    def batch(self, step: int, shard: int) -> tuple[np.ndarray, ...]:
        """Windows of latents."""
        return tuple(self._sampler.batch(step, shard))

    def loss(self) -> float | None:
        """On held-out sounds, always of the same windows and noise; None if there are none."""
        return held_out_loss(self._prior, self._held_out) if self._held_out else None

    def measure(self) -> Preview | None:
        """The loss on held-out sounds, and a few new sounds."""
        figure = self.loss()
        if figure is None:
            return None
        return Preview(
            sample_rate=self._prior.sample_rate,
            figure=figure,
            measure="loss",
            rate=None,
            usage={},
            excerpts=_preview_sounds(self._prior, self._model),
        )


@final
class _PriorLoss(nn.Module):
    """A prior's loss, of windows of latents that are not standardised, as the training loop takes it."""

    def __init__(self, prior: Prior):
        super().__init__()
        self.prior = prior

    def forward(self, x: Tensor, before: Tensor, label: Tensor, begin: Tensor, size: Tensor) -> dict[str, Tensor]:
        return self.prior.loss(self.prior.standardise(x), self.prior.standardise(before), label, begin, size)


@torch.no_grad()
def held_out_loss(prior: Prior, batches: Sequence[Windows]) -> float:
    """Mean loss in use: no class forgotten, no blur; draws the same noise each time and leaves the prior as it was."""
    device, mode = next(prior.parameters()).device, prior.training
    module = _PriorLoss(prior).eval()
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        terms = [module(*(torch.from_numpy(array).to(device) for array in batch)) for batch in batches]
    prior.train(mode)
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
