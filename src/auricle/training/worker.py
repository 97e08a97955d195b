"""What learns in a phase: the model and its adversary."""

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple, final

import torch
from torch import Tensor

from auricle.model import Autoencoder
from auricle.model.bottleneck import STEPS_PER_LEVEL
from auricle.training.adversary import Adversary
from auricle.training.average import Average
from auricle.training.balance import Balancer, BalanceState
from auricle.training.config import TrainConfig
from auricle.training.machine import Machine
from auricle.training.objective import Objective
from auricle.training.optimiser import Learner
from auricle.training.schedule import Clock, learning_rate, spans

_SEED_OF_STEP, _SEED_OF_SHARD, _SEED_OF_RESTORED = 1_000_003, 7_919, 104_729


class Learned(NamedTuple):
    """What a step gave."""

    finite: bool
    """False: nothing was changed."""
    norm: float
    """Of the model's gradient, before clipping."""
    rate: float
    """The learning rate."""
    terms: dict[str, float]
    """Unweighted terms and the weighted sum ``loss``, means over all processes."""


@final
class Worker:
    """One process's part in one phase.

    Args:
        model: trained in place; moves to the machine's device.
        config: the run's.
        phase: its number.
        machine: device and processes.
    """

    def __init__(self, model: Autoencoder, config: TrainConfig, phase: int, machine: Machine):
        self._model, self._config, self._machine = model, config, machine
        self.phase, self._span = config.phases[phase], spans(config.phases)[phase]
        for part in (model.encoder, model.bottleneck):
            part.requires_grad_(not self.phase.frozen_encoder)
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

    @property
    def balance(self) -> dict[str, float]:
        """State of the gradient balancer."""
        return self._balance.to_floats()

    def step(self, batches: Sequence[Tensor], clock: Clock) -> Learned:
        """Learn from this process's batches ``(b, t)`` of step ``clock.step``."""
        learners = [self._learner] + ([self._judges] if self._judges else [])
        for learner in learners:
            learner.forget()
        parts, balance = [], self._balance
        for part, audio in enumerate(batches):
            with ExitStack() as stack:
                if part + 1 < len(batches):  # gradients are averaged over processes once, after the last part
                    for learner in learners:
                        stack.enter_context(self._machine.accelerator.no_sync(learner.forward))
                self._sow(clock, self._machine.shard(part))
                terms, balance = self._work(audio, clock, balance, 1.0 / len(batches))
                parts.append(terms)
        norms = [float(learner.clip()) for learner in learners]
        terms = self._mean(parts)
        finite = all(map(math.isfinite, (*norms, *terms.values())))
        done, age = self._span.done(clock.progress), clock.step - clock.entered
        rate = clock.slowdown * learning_rate(self.phase.optimiser, age, done)
        if finite:
            self._balance = balance
            self._learner.update(rate)
            if self._judges and self.phase.adversary:
                self._judges.update(clock.slowdown * learning_rate(self.phase.adversary.optimiser, age, done))
            self.average.update(age)
        return Learned(finite, norms[0], rate, terms)

    def _sow(self, clock: Clock, shard: int) -> None:
        """Noise depends on step and shard alone, so that a resumed run repeats it."""
        steps = self._config.seed * _SEED_OF_STEP + clock.step
        torch.manual_seed(steps + shard * _SEED_OF_SHARD + clock.restored * _SEED_OF_RESTORED)

    def _work(
        self, audio: Tensor, clock: Clock, balance: BalanceState, share: float
    ) -> tuple[dict[str, Tensor], BalanceState]:
        """Add ``share`` of a batch's gradients; its terms, detached."""
        levels = self._model.bottleneck.quality_levels
        steps = torch.randint(0, (levels - 1) * STEPS_PER_LEVEL + 1, (len(audio),))
        quality = (steps / STEPS_PER_LEVEL).to(audio.device)
        passed = self._learner.forward(audio, quality)
        # A leaf in place of the output: each distance leaves its gradient here, and the model is gone through once.
        leaf = passed.reconstruction.detach().float().requires_grad_()
        distances = self._objective.distances(leaf, audio)
        verdicts, opinions = self._judge(leaf, audio, clock, share)
        weighted = {**self._objective.weigh_distances(distances), **opinions}
        gradient, balance = self._balancer.combine(weighted, leaf, balance, self._machine.mean)
        charges = self._objective.weigh_bottleneck(passed.terms, quality, clock.progress)
        roots = (passed.reconstruction, *charges.values())
        starts = (gradient.to(passed.reconstruction.dtype), *map(torch.ones_like, charges.values()))
        torch.autograd.backward(roots, tuple(share * start for start in starts))
        loss = torch.stack([*weighted.values(), *charges.values()]).sum()
        terms = {"loss": loss, **distances, **passed.terms, **verdicts}
        return {name: value.detach().float().mean() for name, value in terms.items()}, balance

    def _mean(self, parts: Sequence[dict[str, Tensor]]) -> dict[str, float]:
        """Means over the parts of all processes."""
        names = parts[0].keys()
        values = torch.stack([torch.stack([part[name] for name in names]) for part in parts]).mean(0)
        return dict(zip(names, self._machine.mean(values).tolist(), strict=True))

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
        """Everything that the next step depends on besides the clock, by name."""
        model, average = self._model.state_dict(), self.average.values
        named = {"model": model, "average": average, "optimiser": self._learner.moments()}
        if self._judges:
            named["adversary"] = self._judges.module.state_dict()
            named["adversary_optimiser"] = self._judges.moments()
        return {f"{room}.{name}": value for room, values in named.items() for name, value in values.items()}

    def load(self, tensors: dict[str, Tensor], balance: Mapping[str, float] | None = None) -> None:
        """Take what :meth:`state` and :attr:`balance` gave in the same phase."""
        self._model.load_state_dict(_under(tensors, "model."), strict=True)
        self.average.load(_under(tensors, "average."))
        self._learner.load_moments(_under(tensors, "optimiser."))
        if self._judges:
            self._judges.module.load_state_dict(_under(tensors, "adversary."), strict=True)
            self._judges.load_moments(_under(tensors, "adversary_optimiser."))
        if balance:
            self._balance = BalanceState.from_floats(balance)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
