"""Training an autoencoder: its task, and its worker with objective, balancer and adversary."""

from collections.abc import Callable, Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.data import AudioCache, CropSampler
from auricle.model import Autoencoder
from auricle.model.bottleneck import STEPS_PER_LEVEL
from auricle.training.engine.device import Machine
from auricle.training.engine.ema import Average
from auricle.training.engine.optimiser import Learner
from auricle.training.engine.report import Preview
from auricle.training.loop.schedule import Clock, learning_rate, spans
from auricle.training.loop.task import Task
from auricle.training.loop.worker import Learned, Worker, in_rooms, under
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
        measured: tries the model on held-out sound.
        classes: the class of each sound of the cache, -1 where it is not known; None if labels play no part.
    """

    def __init__(
        self,
        model: Autoencoder,
        config: TrainConfig,
        cache: AudioCache,
        measured: Callable[[Autoencoder], Preview | None] = lambda model: None,
        classes: Sequence[int] | None = None,
    ) -> None:
        self.module, self.phases, self.identity = model, config.phases, config.model_dump_json()
        self._model, self._config, self._measured = model, config, measured
        length = config.crop_frames * model.hop_length
        self.batch_seconds = config.batch * length / model.sample_rate
        self._labelled = classes is not None
        self._sampler = CropSampler(cache, length=length, batch=config.batch, seed=config.seed, classes=classes)

    def worker(self, phase: int, machine: Machine) -> Worker:
        """With the adversary of the phase, if it has one."""
        return AutoencoderWorker(self._model, self._config, phase, machine)

    def batch(self, step: int, shard: int) -> tuple[np.ndarray, ...]:
        """Crops ``(b, t)``, and where labels play a part the class ``(b,)`` of each."""
        crops, classes = self._sampler.labelled_batch(step, shard)
        return (crops, classes) if self._labelled else (crops,)

    def measure(self) -> Preview | None:
        """On held-out sound."""
        return self._measured(self._model)


@final
class AutoencoderWorker(Worker):
    """One process's part in one phase of an autoencoder's training.

    Args:
        model: trained in place; moves to the machine's device.
        config: the run's.
        phase: its number.
        machine: device and processes.
    """

    def __init__(self, model: Autoencoder, config: TrainConfig, phase: int, machine: Machine):
        super().__init__(config.phases[phase], spans(config.phases)[phase], machine, config.seed)
        self._model = model
        for part in (model.encoder, model.bottleneck):
            part.requires_grad_(not self.phase.frozen_encoder)
        torch.manual_seed(config.seed)  # the label head's first weights
        self._objective = Objective(model, config.objective, frozen_encoder=self.phase.frozen_encoder).train()
        self._learner = Learner(self._objective, self.phase.optimiser, machine)
        self.average = Average(model, config.average)
        self._balance = BalanceState()
        self._adversary: Adversary | None = None
        self._judges: Learner | None = None
        self._balancer = Balancer()
        if self.phase.adversary is not None:
            torch.manual_seed(config.seed)
            self._adversary = Adversary(self.phase.adversary, model.sample_rate).train()
            self._judges = Learner(self._adversary, self.phase.adversary.optimiser, machine)
            self._balancer = Balancer(self.phase.adversary.balancer)
        self._next_balance = self._balance

    @property
    def balance(self) -> dict[str, float]:
        """State of the gradient balancer."""
        return self._balance.to_floats()

    def learners(self) -> Sequence[Learner]:
        """The model's, then the adversary's."""
        return (self._learner, self._judges) if self._judges else (self._learner,)

    def work(self, batch: tuple[Tensor, ...], clock: Clock, share: float) -> dict[str, Tensor]:
        """Add ``share`` of the gradients of crops ``(b, t)``, with or without their classes ``(b,)``."""
        audio, *classes = batch
        levels = self._model.bottleneck.quality_levels
        steps = torch.randint(0, (levels - 1) * STEPS_PER_LEVEL + 1, (len(audio),))
        quality = (steps / STEPS_PER_LEVEL).to(audio.device)
        passed = self._learner.forward(audio, quality, *classes)
        # A leaf in place of the output: each distance leaves its gradient here, and the model is gone through once.
        leaf = passed.reconstruction.detach().float().requires_grad_()
        distances = self._objective.distances(leaf, audio)
        verdicts, opinions = self._judge(leaf, audio, clock, share)
        weighted = {**self._objective.weigh_distances(distances), **opinions}
        gradient, self._next_balance = self._balancer.combine(weighted, leaf, self._next_balance, self._machine.mean)
        charges = self._objective.weigh_bottleneck(passed.terms, quality, clock.progress)
        charges |= self._objective.weigh_labels(passed.labels)
        roots = (passed.reconstruction, *charges.values())
        starts = (gradient.to(passed.reconstruction.dtype), *map(torch.ones_like, charges.values()))
        torch.autograd.backward(roots, tuple(share * start for start in starts))
        loss = torch.stack([*weighted.values(), *charges.values()]).sum()
        terms = {"loss": loss, **distances, **passed.terms, **passed.labels, **verdicts}
        return {name: value.detach().float().mean() for name, value in terms.items()}

    def step(self, batches: Sequence[tuple[Tensor, ...]], clock: Clock) -> Learned:
        """As any worker; the balancer's state is kept only if the step was."""
        self._next_balance = self._balance
        return super().step(batches, clock)

    def update(self, clock: Clock, rate: float) -> None:
        """A step of the model, and of the adversary if there is one."""
        self._balance = self._next_balance
        self._learner.update(rate)
        if self._judges and self.phase.adversary:
            age, done = clock.step - clock.entered, self.done(clock)
            self._judges.update(clock.slowdown * learning_rate(self.phase.adversary.optimiser, age, done))

    def _judge(
        self, leaf: Tensor, audio: Tensor, clock: Clock, share: float
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Let the adversary learn and speak: its terms, and the model's weighted terms."""
        if self._judges is None or self._adversary is None or self.phase.adversary is None:
            return {}, {}
        config = self.phase.adversary
        estimate, reference = self._objective.aligned(leaf, audio)
        ruling = self._judges.forward(estimate.detach(), reference)
        (share * ruling.loss).backward()
        if clock.step - clock.entered < config.start:
            return ruling.terms, {}
        opinions = self._adversary.judge(estimate, reference)
        weights = {"adversarial": config.weight, "feature_matching": config.feature_matching}
        return {**ruling.terms, **opinions}, {name: weights[name] * value for name, value in opinions.items()}

    def state(self) -> dict[str, Tensor]:
        """Weights, averaged weights, moments, label head and adversary."""
        rooms = {
            "model": self._model.state_dict(),
            "average": self.average.values,
            "optimiser": self._learner.moments(),
        }
        if self._objective.head is not None:
            rooms["head"] = self._objective.head.state_dict()
        if self._judges:
            rooms["adversary"] = self._judges.module.state_dict()
            rooms["adversary_optimiser"] = self._judges.moments()
        return in_rooms(**rooms)

    def load(self, tensors: dict[str, Tensor], balance: Mapping[str, float] | None = None) -> None:
        """Take what :meth:`state` and :attr:`balance` gave in the same phase."""
        self._model.load_state_dict(under(tensors, "model"), strict=True)
        self.average.load(under(tensors, "average"))
        self._learner.load_moments(under(tensors, "optimiser"))
        if self._objective.head is not None:
            self._objective.head.load_state_dict(under(tensors, "head"), strict=True)
        if self._judges:
            self._judges.module.load_state_dict(under(tensors, "adversary"), strict=True)
            self._judges.load_moments(under(tensors, "adversary_optimiser"))
        if balance:
            self._balance = BalanceState.from_floats(balance)
