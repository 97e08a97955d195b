"""One process's part in one phase of a run: what every kind of training offers the loop."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import torch
from torch import Tensor

from auricle.training.engine.device import Machine
from auricle.training.engine.ema import Average
from auricle.training.engine.optimiser import Learner
from auricle.training.loop.schedule import Clock, Span, learning_rate
from auricle.training.objective.config import Phase

_SEED_OF_STEP, _SEED_OF_SHARD, _SEED_OF_RESTORED = 1_000_003, 7_919, 104_729


class Learned(NamedTuple):
    """What a step gave."""

    finite: bool
    """False: nothing was changed."""
    norm: float
    """Of the main gradient, before clipping."""
    rate: float
    """The learning rate."""
    terms: dict[str, float]
    """Unweighted terms and the weighted sum ``loss``, means over all processes."""


class Worker(ABC):
    """Learns from batches; a step is the same whatever is learned, :meth:`work` says what that is.

    Args:
        phase: what learns, and how.
        span: the part of the run that the phase takes.
        machine: device and processes.
        seed: of the run.
    """

    average: Average
    """Averaged weights of the module that is trained."""

    def __init__(self, phase: Phase, span: Span, machine: Machine, seed: int) -> None:
        self.phase = phase
        self._span, self._machine, self._seed = span, machine, seed

    @property
    def balance(self) -> dict[str, float]:
        """State of a gradient balancer, empty without one."""
        return {}

    @abstractmethod
    def learners(self) -> Sequence[Learner]:
        """What is optimised, the main one first."""

    @abstractmethod
    def work(self, batch: tuple[Tensor, ...], clock: Clock, share: float) -> dict[str, Tensor]:
        """Add ``share`` of a batch's gradients; its terms, detached, with their weighted sum ``loss``."""

    @abstractmethod
    def update(self, clock: Clock, rate: float) -> None:
        """Take the step for which gradients were gathered; ``rate`` is the main learner's."""

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on besides the clock, by name."""

    @abstractmethod
    def load(self, tensors: dict[str, Tensor], balance: Mapping[str, float] | None = None) -> None:
        """Take what :meth:`state` and :attr:`balance` gave in the same phase."""

    def step(self, batches: Sequence[tuple[Tensor, ...]], clock: Clock) -> Learned:
        """Learn from this process's batches of step ``clock.step``; what is not finite changes nothing."""
        learners = self.learners()
        for learner in learners:
            learner.forget()
        parts = []
        for part, batch in enumerate(batches):
            with ExitStack() as stack:
                if part + 1 < len(batches):  # gradients are averaged over processes once, after the last part
                    for learner in learners:
                        stack.enter_context(self._machine.accelerator.no_sync(learner.forward))
                self._sow(clock, self._machine.shard(part))
                parts.append(self.work(batch, clock, 1.0 / len(batches)))
        norms = [float(learner.clip()) for learner in learners]
        terms = self._mean(parts)
        finite = all(map(math.isfinite, (*norms, *terms.values())))
        rate = clock.slowdown * learning_rate(self.phase.optimiser, clock.step - clock.entered, self.done(clock))
        if finite:
            self.update(clock, rate)
            self.average.update(clock.step - clock.entered)
        return Learned(finite, norms[0], rate, terms)

    def done(self, clock: Clock) -> float:
        """Done share of the phase."""
        return self._span.done(clock.progress)

    def _sow(self, clock: Clock, shard: int) -> None:
        """Noise depends on step and shard alone, so that a resumed run repeats it."""
        steps = self._seed * _SEED_OF_STEP + clock.step
        torch.manual_seed(steps + shard * _SEED_OF_SHARD + clock.restored * _SEED_OF_RESTORED)

    def _mean(self, parts: Sequence[dict[str, Tensor]]) -> dict[str, float]:
        """Means over the parts of all processes."""
        names = parts[0].keys()
        values = torch.stack([torch.stack([part[name] for name in names]) for part in parts]).mean(0)
        return dict(zip(names, self._machine.mean(values).tolist(), strict=True))


def in_rooms(**rooms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of several owners in one mapping."""
    return {f"{room}.{name}": value for room, values in rooms.items() for name, value in values.items()}


def under(tensors: Mapping[str, Tensor], room: str) -> dict[str, Tensor]:
    """One owner's tensors out of what :func:`in_rooms` made."""
    prefix = f"{room}."
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
