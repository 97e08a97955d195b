"""Training with one module, one optimiser and one loss."""

from collections.abc import Mapping, Sequence
from typing import Protocol, final

import torch
from torch import Tensor, nn

from auricle.training.engine.device import TrainingDevice
from auricle.training.engine.ema import ExponentialMovingAverage
from auricle.training.engine.optimiser import DistributedOptimiser
from auricle.training.loop.schedule import Clock, spans
from auricle.training.loop.worker import Worker, with_prefixes, without_prefix
from auricle.training.objective.config import Phase


class Objective(Protocol):
    """A module whose forward pass takes a batch and gives its terms, among them ``loss``, which is minimised."""

    def __call__(self, *batch: Tensor) -> dict[str, Tensor]:
        """Terms of a batch: scalars, or one value per item ``(b,)``."""
        ...


@final
class SingleLossWorker(Worker):
    """Minimises the term ``loss`` of a module that gives its own terms.

    Args:
        module: called with the arrays of a batch; returns terms as `Objective` says.
        averaged: what is averaged and stored; by default the whole module.
        phases: of the run.
        phase: number of this one.
        device: what this process computes on, and its place among the others.
        seed: of the run.
        memory: of the averaged weights, per step.
    """

    def __init__(
        self,
        module: nn.Module,
        phases: Sequence[Phase],
        phase: int,
        device: TrainingDevice,
        *,
        seed: int,
        memory: float,
        averaged: nn.Module | None = None,
    ) -> None:
        super().__init__(phases[phase], spans(phases)[phase], device, seed)
        self._module = module.train()
        self._optimiser = DistributedOptimiser(self._module, self.phase.optimiser, device)
        self.average = ExponentialMovingAverage(averaged or module, memory)

    def optimisers(self) -> Sequence[DistributedOptimiser]:
        return (self._optimiser,)

    def work(self, batch: tuple[Tensor, ...], clock: Clock, share: float) -> dict[str, Tensor]:
        """Go forward and back once."""
        terms = {name: value.float().mean() for name, value in self._optimiser.forward(*batch).items()}
        torch.autograd.backward(share * terms["loss"])
        return {name: value.detach() for name, value in terms.items()}

    def update(self, clock: Clock, rate: float) -> None:
        """One step of the optimiser."""
        self._optimiser.update(rate)

    def state(self) -> dict[str, Tensor]:
        """Weights, averaged weights, moments."""
        return with_prefixes(
            model=self._module.state_dict(), average=self.average.values, optimiser=self._optimiser.moments()
        )

    def load(self, tensors: dict[str, Tensor], balance: Mapping[str, float] | None = None) -> None:
        """Take what :meth:`state` gave."""
        self._module.load_state_dict(without_prefix(tensors, "model"), strict=True)
        self.average.load(without_prefix(tensors, "average"))
        self._optimiser.load_moments(without_prefix(tensors, "optimiser"))
