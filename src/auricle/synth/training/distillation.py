"""Teaches a flow the mean velocities of its own ways from noise to data, so that few steps of one pass each do.

Mean velocities are those of Geng et al. ("Mean flows for one-step generative modeling", 2025), learned by distillation
(as in Salimans and Ho, "Progressive distillation", 2022): a frozen copy of the flow, the teacher, goes from noise to
data in small steps, and between any two places of its way the flow learns their difference divided by the time between
them.
"""

import copy
from itertools import pairwise
from typing import Any, NamedTuple, final

import torch
from torch import Tensor, nn

from auricle.options.synthesis import SamplingOptions
from auricle.synth.priors.flow import FlowConfig, FlowPrior

_STEPS = 8
"""Of a way, by the midpoint rule."""
_POWERS = 1.0, 2.5
"""Steps of a way are even with the first; with the second they are shorter, the nearer to noise."""
_WAYS = 0.25
"""Share of a batch that is taken, because a way costs 16 passes."""
_PIECES = 4
"""Of each way, that are learned."""
_INSTANTS = 0.15
"""Share of pieces without length: velocities at one moment, which are not to be forgotten."""
_FROM_NOISE, _FROM_BEGINNING = 0.6, 0.35
"""Shares of ways that begin with noise, and of pieces that begin with their way; the others begin anywhere."""
_LATEST_BEGINNING = 0.9
_COLDEST, _HOTTEST, _STRONGEST_GUIDANCE = 0.6, 1.2, 4.0
LEAST_STEPS = 300
"""Of learning mean velocities, with fewer of which they are worse than none."""


@final
class MeanVelocityLoss(nn.Module):
    """A flow's error in mean velocities, of windows of latents that are not standardised.

    Args:
        prior: learns; it is copied as it is, as its own teacher.

    Attributes:
        teacher: the copy.
        steps: how often it was called in training.
    """

    steps: Tensor

    def __init__(self, prior: FlowPrior):
        super().__init__()
        assert prior.has_mean_velocities
        self.prior = prior
        self.teacher = copy.deepcopy(prior).requires_grad_(False)
        usual = prior.sampling(SamplingOptions()).temperature
        self._temperatures = min(_COLDEST, usual), max(_HOTTEST, usual)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.train(prior.training)

    def forward(self, x: Tensor, before: Tensor, label: Tensor, begin: Tensor, size: Tensor) -> dict[str, Tensor]:
        """``loss``, mean squared error of each piece; what it takes is as in `auricle.synth.priors.base.Prior.loss`."""
        self.steps += int(self.training)
        count = max(1, round(_WAYS * len(x)))
        chosen = torch.randperm(len(x), device=x.device)[:count]  # batches may be sorted by length
        x = self.prior.standardise(x[chosen])
        conditions, fresh = self._conditions(label[chosen], begin[chosen], size[chosen], x.shape[1])
        way = self._way(x, fresh, conditions)
        first, last = _pieces((_PIECES, count), x.device)
        items = torch.arange(count, device=x.device)
        place, t = way.places[first, items], way.times[first, items]
        span = way.times[last, items] - t
        mean = (way.places[last, items] - place) / span[:, :, None, None]
        instant = torch.rand(span.shape, device=x.device) < _INSTANTS
        target = torch.where(instant[:, :, None, None], way.velocities[first, items], mean).flatten(0, 1)
        span = torch.where(instant, 0.0, span)
        repeated = {name: value.repeat(_PIECES, *[1] * (value.dim() - 1)) for name, value in conditions.items()}
        velocity = self.prior.velocity(place.flatten(0, 1), t.flatten(), span=span.flatten(), **repeated)
        fresh = fresh.repeat(_PIECES, 1, 1)
        error = ((velocity - target).square() * fresh).sum((1, 2))
        return {"loss": error / (fresh.sum((1, 2)) * self.prior.features)}

    def _conditions(self, label: Tensor, begin: Tensor, size: Tensor, frames: int) -> tuple[dict[str, Any], Tensor]:
        """What a flow is told of a window besides its frames, and which of those are not given."""
        rows = self.prior.drop_labels(label)
        prefix, fresh = self.prior.draw_prefixes(label, frames)
        guidance = 1.0 + (_STRONGEST_GUIDANCE - 1.0) * torch.rand(label.shape, device=label.device)
        guidance = torch.where(rows < len(self.prior.classes), guidance, 1.0)
        size = self.prior.drop_sizes(size)
        return {"label": rows, "begin": begin, "prefix": prefix, "size": size, "guidance": guidance}, fresh

    @torch.no_grad()
    def _way(self, x: Tensor, fresh: Tensor, conditions: dict[str, Any]) -> "_Way":
        """Ways of the teacher from noise, or from somewhere between noise and ``x``, to data."""
        draws = torch.rand(4, len(x), device=x.device)
        coldest, hottest = self._temperatures
        noise = (coldest + (hottest - coldest) * draws[0])[:, None, None] * torch.randn_like(x)
        beginning = torch.where(draws[1] < _FROM_NOISE, 0.0, _LATEST_BEGINNING * draws[2])
        power = _POWERS[0] + (_POWERS[1] - _POWERS[0]) * draws[3]
        steps = torch.linspace(0.0, 1.0, _STEPS + 1, device=x.device)[:, None]
        times = beginning + (1.0 - beginning) * steps**power
        place = torch.where(fresh, torch.lerp(noise, x, beginning[:, None, None]), x)
        places, velocities = [place], []
        for now, then in pairwise(times):
            span = ((then - now)[:, None, None] * fresh).to(x.dtype)
            velocity = self.teacher.velocity(place, now, **conditions)
            middle = place + 0.5 * span * velocity
            place = place + span * self.teacher.velocity(middle, 0.5 * (now + then), **conditions)
            velocities.append(velocity)
            places.append(place)
        return _Way(times, torch.stack(places), torch.stack(velocities))


class _Way(NamedTuple):
    """Where the teacher was at the ends of its steps."""

    times: Tensor
    """``(steps + 1, b)``"""
    places: Tensor
    """``(steps + 1, b, n, features)``"""
    velocities: Tensor
    """``(steps, b, n, features)`` at the beginnings of the steps"""


def without_mean_velocities(prior: FlowPrior) -> FlowPrior:
    """The same flow without the mean velocities, which it has not learned yet."""
    assert isinstance(prior.config, FlowConfig)
    config = prior.config.model_copy(update={"mean_velocities": False})
    plain = config.build(prior.origin, prior.info)
    plain.load_state_dict({name: prior.state_dict()[name] for name in plain.state_dict()})
    return plain.train(prior.training)


def _pieces(shape: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    """Numbers of the first and last places of pieces of ways, int64 of ``shape``."""
    draws = torch.rand(3, *shape, device=device)
    first = torch.where(draws[0] < _FROM_BEGINNING, 0, (_STEPS * draws[1]).long())
    return first, first + 1 + ((_STEPS - first) * draws[2]).long()
