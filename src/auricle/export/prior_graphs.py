"""A prior's network as a graph. Drawing from what it tells is a few lines of the program that runs it."""

from functools import singledispatch
from typing import final

import torch
from torch import Tensor, nn

from auricle.errors import ModelError
from auricle.export.flat_step import StateForm
from auricle.export.graphs import Graph
from auricle.synth.priors.base import Prior
from auricle.synth.priors.flow import FlowPrior
from auricle.synth.priors.recurrent import RecurrentPrior

_BATCH = {0: "batch"}
_FRAMES = {0: "batch", 1: "frames"}


@singledispatch
def prior_graph(prior: Prior) -> Graph:
    """The graph of a prior's step.

    Raises:
        ModelError: it is of a kind that was added from outside.
    """
    raise ModelError(f"a prior of the kind {type(prior).__name__} can't be exported")


@prior_graph.register
def _flow(prior: FlowPrior) -> Graph:
    size = 2 * prior.patch
    inputs = {
        "x": torch.zeros(2, size, prior.features),
        "t": torch.full((2,), 0.5),
        "label": torch.tensor([0, -1]),
        "begin": torch.tensor([1.0, 0.0]),
        "prefix": torch.tensor([0, prior.patch]),
    }
    if prior.has_mean_velocities:
        inputs["span"] = torch.tensor([0.0, 0.5])
    axes = {**dict.fromkeys(inputs, _BATCH), "x": _FRAMES, "velocity": _FRAMES}
    return Graph(_Velocity(prior), inputs, axes, ("velocity",))


@prior_graph.register
def _recurrent(prior: RecurrentPrior) -> Graph:
    inputs = {
        "before": torch.zeros(2, 1, prior.features),
        "label": torch.tensor([0, -1]),
        "begin": torch.tensor([1.0, 0.0]),
    }
    outputs = ("weights", "means", "deviations")
    module = _NextFrame(prior)
    return Graph(module, inputs, dict.fromkeys((*inputs, *outputs), _BATCH), outputs, module.form.tensors)


@final
class _Velocity(nn.Module):
    def __init__(self, prior: FlowPrior):
        super().__init__()
        self.prior = prior

    def forward(
        self, x: Tensor, t: Tensor, label: Tensor, begin: Tensor, prefix: Tensor, span: Tensor | None = None
    ) -> Tensor:
        return self.prior.velocity(x, t, label, begin, prefix=prefix, span=span)


@final
class _NextFrame(nn.Module):
    """The mixture after a frame, of the state of the recurrent layers alone."""

    def __init__(self, prior: RecurrentPrior):
        super().__init__()
        self.prior = prior
        self.form = StateForm(prior.body)

    def forward(self, before: Tensor, label: Tensor, begin: Tensor, *row: Tensor) -> tuple[Tensor, ...]:
        _, table_row, _ = self.prior.initial_state(label, begin > 0)
        state = self.form.nest(row, before.shape[0]), table_row, begin
        mixture, (inner, _, _) = self.prior.predict(before, state)
        weights, means, deviations = (part[:, 0] for part in mixture)
        return (weights, means, deviations.exp(), *self.form.row(inner))
