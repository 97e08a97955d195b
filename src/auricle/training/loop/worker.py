"""One process's part in one phase of a run: what every kind of training offers the loop."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import torch
from torch import Tensor

from auricle.training.engine.device import TrainingDevice
from auricle.training.engine.ema import ExponentialMovingAverage
from auricle.training.engine.optimiser import DistributedOptimiser
from auricle.training.loop.schedule import Clock, Span, learning_rate
from auricle.training.objective.config import Phase

_SEED_OF_STEP, _SEED_OF_SHARD, _SEED_OF_RESTORED = 1_000_003, 7_919, 104_729


class StepResult(NamedTuple):
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
        device: what this process computes on, and its place among the others.
        seed: of the run.
    """

    average: ExponentialMovingAverage
    """Averaged weights of the module that is trained."""

    def __init__(self, phase: Phase, span: Span, device: TrainingDevice, seed: int) -> None:
        self.phase = phase
        self._span, self._device, self._seed = span, device, seed

    @property
    def balance(self) -> dict[str, float]:
        """State of a gradient balancer, empty without one."""
        return {}

    @abstractmethod
    def optimisers(self) -> Sequence[DistributedOptimiser]:
        """What is optimised, the main one first."""

    @abstractmethod
    def work(self, batch: tuple[Tensor, ...], clock: Clock, share: float) -> dict[str, Tensor]:
        """Add ``share`` of a batch's gradients; its terms, detached, with their weighted sum ``loss``."""

    @abstractmethod
    def update(self, clock: Clock, rate: float) -> None:
        """Take the step for which gradients were gathered; ``rate`` is the main optimiser's."""

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on besides the clock, by name."""

    @abstractmethod
    def load(self, tensors: dict[str, Tensor], balance: Mapping[str, float] | None = None) -> None:
        """Take what :meth:`state` and :attr:`balance` gave in the same phase."""

    def step(self, batches: Sequence[tuple[Tensor, ...]], clock: Clock) -> StepResult:
        """Learn from this process's batches of step ``clock.step``; what is not finite changes nothing."""
        optimisers = self.optimisers()
        for optimiser in optimisers:
            optimiser.zero_grad()
        parts = []
        for part, batch in enumerate(batches):
            with ExitStack() as stack:
                if part + 1 < len(batches):  # gradients are averaged over processes once, after the last part
                    for optimiser in optimisers:
                        stack.enter_context(self._device.accelerator.no_sync(optimiser.forward))
                self._seed_noise(clock, self._device.shard(part))
                parts.append(self.work(batch, clock, 1.0 / len(batches)))
        norms = [float(optimiser.clip()) for optimiser in optimisers]
        terms = self._mean(parts)
        finite = all(map(math.isfinite, (*norms, *terms.values())))
        rate = clock.slowdown * learning_rate(self.phase.optimiser, clock.step - clock.entered, self.done(clock))
        if finite:
            self.update(clock, rate)
            self.average.update(clock.step - clock.entered)
        return StepResult(finite, norms[0], rate, terms)

    def done(self, clock: Clock) -> float:
        """Done share of the phase."""
        return self._span.done(clock.progress)

    def _seed_noise(self, clock: Clock, shard: int) -> None:
        """Noise depends on step and shard alone, so that a resumed run repeats it."""
        steps = self._seed * _SEED_OF_STEP + clock.step
        torch.manual_seed(steps + shard * _SEED_OF_SHARD + clock.restored * _SEED_OF_RESTORED)

    def _mean(self, parts: Sequence[dict[str, Tensor]]) -> dict[str, float]:
        """Means over the parts of all processes."""
        names = parts[0].keys()
        values = torch.stack([torch.stack([part[name] for name in names]) for part in parts]).mean(0)
        return dict(zip(names, self._device.all_reduce_mean(values).tolist(), strict=True))


def with_prefixes(**rooms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of several owners in one mapping."""
    return {f"{room}.{name}": value for room, values in rooms.items() for name, value in values.items()}


def without_prefix(tensors: Mapping[str, Tensor], room: str) -> dict[str, Tensor]:
    """One owner's tensors out of what :func:`with_prefixes` made."""
    prefix = f"{room}."
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
