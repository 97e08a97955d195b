"""A prior that goes frame by frame, for ever: recurrent, with a mixture of Gaussians ahead (Graves, 2013)."""

import math
from collections.abc import Sequence
from typing import NamedTuple, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from auricle.stream import GRU, FrameNorm, Pointwise, Residual, Serial, State
from auricle.synth.priors.base import Origin, Prior, PriorConfig, PriorInfo

_LOUDEST = 4.0  # standardised latents of loud places
_HALF_LOG_TURN = 0.5 * math.log(2 * math.pi)


class Noise(NamedTuple):
    """The random numbers that one frame takes."""

    choice: Tensor
    """(b,) uniform in [0, 1): which component."""
    spread: Tensor
    """(b, features) normal: where in it."""


class Mixture(NamedTuple):
    """A mixture of diagonal Gaussians over a frame."""

    weights: Tensor
    """(..., component) logarithms of weights that sum to one."""
    means: Tensor
    """(..., component, features)"""
    deviations: Tensor
    """(..., component, features) natural logarithms."""


@final
class RecurrentPrior(Prior):
    """Gated recurrent units over past frames, built of streaming layers: training and running for ever are one code.

    The next frame is a mixture of diagonal Gaussians whose components are whole frames.
    """

    def __init__(self, config: "RecurrentConfig", origin: Origin, info: PriorInfo | None = None):
        super().__init__(config, origin, info)
        self._config, width = config, config.width
        self.into = Pointwise(2 * self.features, width)
        self.label_table = torch.nn.Embedding(len(origin.classes) + 1, width)
        self.start = torch.nn.Parameter(torch.empty(width))
        torch.nn.init.normal_(self.start)  # torch.randn would load torch's compiler on the meta device
        self.body = Serial([_block(width) for _ in range(config.depth)] + [FrameNorm(width)])
        self.out = Pointwise(width, config.components * (2 * self.features + 1), gain=0.3)

    def initial_state(self, label: Tensor, begin: Tensor) -> State:
        """State before the first frame.

        Args:
            label: ``(b,)`` int64, -1 for no class.
            begin: ``(b,)`` bool, true where a sound begins; else the first step is given a frame of one.
        """
        return self._state(self._rows(label), begin)

    def step(self, before: Tensor, state: State, noise: Noise, *, temperature: float = 1.0) -> tuple[Tensor, State]:
        """Draw the next frame.

        Args:
            before: ``(b, 1, features)`` the frame before, standardised; zeros at the beginning of a sound.
            state: what :meth:`initial_state`, :meth:`warm` or the step before returned.
            noise: from :meth:`draw`.
            temperature: 1 for the distribution as it was learned; less for likelier frames, 0 for the middle of the
                likeliest component.

        Returns:
            the next frame ``(b, 1, features)``, standardised, and the state after it.
        """
        mixture, state = self.predict(before, state)
        weights, means, deviations = (part[:, 0] for part in mixture)
        sharpened = F.log_softmax(weights / max(temperature, 1e-4), -1)
        bounds = sharpened.exp().cumsum(-1)
        component = (noise.choice[:, None] * bounds[:, -1:] >= bounds).sum(-1).clamp(max=weights.shape[-1] - 1)
        row = torch.arange(len(component), device=component.device)
        frame = means[row, component] + temperature * deviations[row, component].exp() * noise.spread
        return frame[:, None], state

    def warm(self, x: Tensor, state: State) -> State:
        """State after all but the last of known frames ``(b, n, features)``; step with the last one then."""
        before = torch.cat((torch.zeros_like(x[:, :1]), x[:, :-1]), 1)
        return self.predict(before, state)[1]

    def predict(self, before: Tensor, state: State) -> tuple[Mixture, State]:
        """What is expected after each frame of ``before`` ``(b, n, features)``: a mixture ``(b, n, ...)``."""
        inner, label, begin = state
        bounded = _LOUDEST * torch.tanh(before / _LOUDEST)  # a stray frame must not call for a louder one, and so on
        h = self.into.map(torch.cat((bounded, bounded.abs()), -1)) + label[:, None]
        h = torch.cat((h[:, :1] + begin[:, None, None] * self.start, h[:, 1:]), 1)
        h, inner = self.body.step(h, inner)
        count, features = self._config.components, self.features
        weights, gaussians = self.out.map(h).split((count, 2 * count * features), -1)
        means, spread = gaussians.unflatten(-1, (2, count, features)).unbind(-3)
        lowest = math.log(self._config.sharpest)
        deviations = (lowest + F.softplus(spread - lowest)).clamp(max=math.log(_LOUDEST))
        return Mixture(F.log_softmax(weights, -1), means, deviations), (inner, label, torch.zeros_like(begin))

    def loss(
        self, x: Tensor, before: Tensor, label: Tensor, begin: Tensor, size: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``nats``: negative log-likelihood per value; ``loss``: how far it is above the least that is possible.

        Past frames are blurred as the configuration says; sizes are not told to this kind.
        """
        first = torch.where(begin[:, None], 0.0, before)
        past = torch.cat((first[:, None], x[:, :-1]), 1)
        if self.training and self._config.blur:
            past = past + self._config.blur * torch.randn_like(past)
        mixture, _ = self.predict(past, self._state(self.drop_labels(label), begin))
        distances = (x[:, :, None] - mixture.means) * (-mixture.deviations).exp()
        densities = (-0.5 * distances.square() - mixture.deviations - _HALF_LOG_TURN).sum(-1)
        nats = -torch.logsumexp(mixture.weights + densities, -1).mean(1) / self.features
        return {"loss": nats - math.log(self._config.sharpest) - _HALF_LOG_TURN, "nats": nats}

    @staticmethod
    def draw(generators: Sequence[torch.Generator], features: int) -> Noise:
        """One frame's random numbers; those of an item come from its own generator."""
        choice = torch.stack([torch.rand((), generator=generator) for generator in generators])
        return Noise(choice, torch.stack([torch.randn(features, generator=generator) for generator in generators]))

    def _state(self, rows: Tensor, begin: Tensor) -> State:
        inner = self.body.initial_state(len(rows), device=rows.device, dtype=self.start.dtype)
        return inner, self.label_table(rows), begin.to(self.start.dtype)


def _block(width: int) -> Residual:
    return Residual(Serial([FrameNorm(width), GRU(width, width), Pointwise(width, width, gain=0.3)]), width)


@final
class RecurrentConfig(PriorConfig, kind="recurrent"):
    """Autoregressive gated recurrent units."""

    width: int = Field(default=192, ge=4, le=2048, description="features of a frame inside the network")
    depth: int = Field(default=2, ge=1, le=16, description="recurrent layers")
    components: int = Field(default=4, ge=1, le=256, description="Gaussians of the mixture")
    sharpest: float = Field(default=0.05, gt=0, le=1, description="smallest deviation, of standardised latents")
    blur: float = Field(default=0.1, ge=0, le=1, description="noise on past frames in training, against drift")

    def build(self, origin: Origin, info: PriorInfo | None = None) -> RecurrentPrior:
        return RecurrentPrior(self, origin, info)
