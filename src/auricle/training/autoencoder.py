"""Training an autoencoder: its task, and its worker with objective, balancer and adversary."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.data import CropSampler, DecodedSounds
from auricle.model import Autoencoder
from auricle.model.bottleneck import STEPS_PER_LEVEL
from auricle.training.engine.device import TrainingDevice
from auricle.training.engine.ema import ExponentialMovingAverage
from auricle.training.engine.optimiser import DistributedOptimiser
from auricle.training.engine.report import Preview
from auricle.training.loop.schedule import Clock, learning_rate, spans
from auricle.training.loop.task import Task
from auricle.training.loop.worker import StepResult, Worker, with_prefixes, without_prefix
from auricle.training.objective.adversary import Adversary
from auricle.training.objective.balancer import Balancer, BalanceState
from auricle.training.objective.config import TrainConfig
from auricle.training.objective.objective import Objective


@final
class AutoencoderTask(Task):
    """Teach an autoencoder to rebuild a corpus' sounds.

    Args:
        model: trained in place.
        config: shape, objective, phases.
        cache: the sounds.
        measure: tries the model on held-out sound.
        classes: the class of each sound of the cache, -1 where it is not known; None if labels play no part.
        kept: fingerprint of the model whose codes and tables are kept, where only the decoder learns.
    """

    def __init__(
        self,
        model: Autoencoder,
        config: TrainConfig,
        cache: DecodedSounds,
        measure: Callable[[Autoencoder], Preview | None] = lambda model: None,
        classes: Sequence[int] | None = None,
        kept: str | None = None,
    ) -> None:
        self.module, self.phases = model, config.phases
        settings = config.model_dump_json()
        self.identity = settings if kept is None else json.dumps(json.loads(settings) | {"base": kept})
        self._model, self._config, self._measure = model, config, measure
        length = config.crop_frames * model.hop_length
        self.batch_seconds = config.batch * length / model.sample_rate
        self._has_labels = classes is not None
        self._sampler = CropSampler(
            cache,
            length=length,
            batch=config.batch,
            seed=config.seed,
            classes=classes,
            rarities=config.rarities and classes is None,  # a class is not to be learned from half a sound
        )

    def worker(self, phase: int, device: TrainingDevice) -> Worker:
        """With the adversary of the phase, if it has one."""
        return AutoencoderWorker(self._model, self._config, phase, device)

    def batch(self, step: int, shard: int) -> tuple[np.ndarray, ...]:
        """Crops ``(b, t)``, and where labels play a part the class ``(b,)`` of each."""
        crops, classes = self._sampler.labelled_batch(step, shard)
        return (crops, classes) if self._has_labels else (crops,)

    def measure(self) -> Preview | None:
        return self._measure(self._model)


@final
class AutoencoderWorker(Worker):
    """One process's part in one phase of an autoencoder's training.

    Args:
        model: trained in place; moves to the device.
        config: the run's.
        phase: its number.
        device: what this process computes on, and its place among the others.
    """

    def __init__(self, model: Autoencoder, config: TrainConfig, phase: int, device: TrainingDevice):
        super().__init__(config.phases[phase], spans(config.phases)[phase], device, config.seed)
        self._model = model
        model.encoder.requires_grad_(self.phase.frozen == "nothing")
        model.bottleneck.requires_grad_(self.phase.frozen != "codes")
        torch.manual_seed(config.seed)  # the label head's first weights
        self._objective = Objective(model, config.objective, frozen=self.phase.frozen).train()
        self._optimiser = DistributedOptimiser(self._objective, self.phase.optimiser, device)
        self.average = ExponentialMovingAverage(model, config.average)
        self._balance = BalanceState()
        self._adversary: Adversary | None = None
        self._discriminator_optimiser: DistributedOptimiser | None = None
        self._balancer = Balancer()
        if self.phase.adversary is not None:
            torch.manual_seed(config.seed)
            self._adversary = Adversary(self.phase.adversary, model.sample_rate).train()
            self._discriminator_optimiser = DistributedOptimiser(
                self._adversary, self.phase.adversary.optimiser, device
            )
            self._balancer = Balancer(self.phase.adversary.balancer)
        self._next_balance = self._balance

    @property
    def balance(self) -> dict[str, float]:
        """State of the gradient balancer."""
        return self._balance.to_floats()

    def optimisers(self) -> Sequence[DistributedOptimiser]:
        """The model's, then the adversary's."""
        return (self._optimiser, self._discriminator_optimiser) if self._discriminator_optimiser else (self._optimiser,)

    def work(self, batch: tuple[Tensor, ...], clock: Clock, share: float) -> dict[str, Tensor]:
        """Add ``share`` of the gradients of crops ``(b, t)``, with or without their classes ``(b,)``."""
        audio, *classes = batch
        levels = self._model.bottleneck.quality_levels
        steps = torch.randint(0, (levels - 1) * STEPS_PER_LEVEL + 1, (len(audio),))
        quality = (steps / STEPS_PER_LEVEL).to(audio.device)
        output = self._optimiser.forward(audio, quality, *classes)
        # A leaf in place of the output: each distance leaves its gradient here, and the model is gone through once.
        leaf = output.reconstruction.detach().float().requires_grad_()
        distances = self._objective.distances(leaf, audio)
        adversary_terms, adversarial_terms = self._adversarial_terms(leaf, audio, clock, share)
        spreads = self._objective.spreads(leaf, output.other)
        scores = {name: value - spreads[name] if name in spreads else value for name, value in distances.items()}
        weighted = {**self._objective.weigh_distances(scores, quality), **adversarial_terms}
        gradient, self._next_balance = self._balancer.combine(
            weighted, leaf, self._next_balance, self._device.all_reduce_mean
        )
        bottleneck_terms = self._objective.weigh_bottleneck(output.terms, quality, clock.progress)
        bottleneck_terms |= self._objective.weigh_labels(output.labels) | self._objective.weigh_voice(output.voice)
        roots = (output.reconstruction, *bottleneck_terms.values())
        gradients = (gradient.to(output.reconstruction.dtype), *map(torch.ones_like, bottleneck_terms.values()))
        torch.autograd.backward(roots, tuple(share * gradient for gradient in gradients))
        loss = torch.stack([*weighted.values(), *bottleneck_terms.values()]).sum()
        terms = {"loss": loss, **distances, **output.terms, **output.labels, **output.voice, **adversary_terms}
        return {name: value.detach().float().mean() for name, value in terms.items()}

    def step(self, batches: Sequence[tuple[Tensor, ...]], clock: Clock) -> StepResult:
        """As any worker; the balancer's state is kept only if the step was."""
        self._next_balance = self._balance
        return super().step(batches, clock)

    def update(self, clock: Clock, rate: float) -> None:
        """A step of the model, and of the adversary if there is one."""
        self._balance = self._next_balance
        self._optimiser.update(rate)
        if self._discriminator_optimiser and self.phase.adversary:
            age, progress = clock.step - clock.entered, self.done(clock)
            self._discriminator_optimiser.update(
                clock.slowdown * learning_rate(self.phase.adversary.optimiser, age, progress)
            )

    def _adversarial_terms(
        self, leaf: Tensor, audio: Tensor, clock: Clock, share: float
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Let the adversary learn: its own terms, and the weighted ones of the model."""
        if self._discriminator_optimiser is None or self._adversary is None or self.phase.adversary is None:
            return {}, {}
        config = self.phase.adversary
        estimate, reference = self._objective.aligned(leaf, audio)
        step = self._discriminator_optimiser.forward(estimate.detach(), reference)
        (share * step.loss).backward()
        if clock.step - clock.entered < config.start:
            return step.terms, {}
        adversarial_terms = self._adversary.generator_terms(estimate, reference)
        weights = {"adversarial": config.weight, "feature_matching": config.feature_matching}
        return {**step.terms, **adversarial_terms}, {
            name: weights[name] * value for name, value in adversarial_terms.items()
        }

    def state(self) -> dict[str, Tensor]:
        """Weights, averaged weights, moments, label head and adversary."""
        tensors = {
            "model": self._model.state_dict(),
            "average": self.average.values,
            "optimiser": self._optimiser.moments(),
        }
        if self._objective.head is not None:
            tensors["head"] = self._objective.head.state_dict()
        if self._discriminator_optimiser:
            tensors["adversary"] = self._discriminator_optimiser.module.state_dict()
            tensors["adversary_optimiser"] = self._discriminator_optimiser.moments()
        return with_prefixes(**tensors)

    def load(self, tensors: dict[str, Tensor], balance: Mapping[str, float] | None = None) -> None:
        """Take what :meth:`state` and :attr:`balance` gave in the same phase."""
        self._model.load_state_dict(without_prefix(tensors, "model"), strict=True)
        self.average.load(without_prefix(tensors, "average"))
        self._optimiser.load_moments(without_prefix(tensors, "optimiser"))
        if self._objective.head is not None:
            self._objective.head.load_state_dict(without_prefix(tensors, "head"), strict=True)
        if self._discriminator_optimiser:
            self._discriminator_optimiser.module.load_state_dict(without_prefix(tensors, "adversary"), strict=True)
            self._discriminator_optimiser.load_moments(without_prefix(tensors, "adversary_optimiser"))
        if balance:
            self._balance = BalanceState.from_floats(balance)
