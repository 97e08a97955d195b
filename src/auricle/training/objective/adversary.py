"""The other side of adversarial training: discriminators, their game, and what they cost."""

import math
from typing import NamedTuple, final

import torch
from pydantic import Field, SerializeAsAny
from torch import Tensor, nn

from auricle.discriminators import ConvConfig, DiscriminatorConfig, DiscriminatorOutput, PeriodConfig, SpectrumConfig
from auricle.losses.adversarial import AdversarialLossConfig, HingeConfig, feature_matching
from auricle.model.registry import Frozen
from auricle.training.engine.optimiser import OptimiserConfig
from auricle.training.objective.balancer import BalancerConfig

_QUIETEST = 0.01  # -40 dB: what is quieter is not brought to a level of one


@final
class AdversaryConfig(Frozen):
    """Discriminators and how they learn."""

    discriminators: tuple[SerializeAsAny[DiscriminatorConfig], ...] = Field(
        min_length=1, description="views of the sound, each judged by its own network"
    )
    game: SerializeAsAny[AdversarialLossConfig] = Field(default=HingeConfig(), description="what both sides minimise")
    weight: float = Field(default=0.1, gt=0, description="weight of the adversarial term")
    feature_matching: float = Field(default=1.0, ge=0, description="weight of feature matching, 0 for none")
    balancer: BalancerConfig | None = Field(default=None, description="shares of the gradient instead of weights")
    optimiser: OptimiserConfig = Field(
        default=OptimiserConfig(rate=3e-4, clip=10.0), description="how the discriminators learn"
    )
    start: int = Field(default=100, ge=0, description="first steps, in which only the discriminators learn")
    seconds: float | None = Field(default=None, gt=0, description="length of a random part of the crop, None for all")


class DiscriminatorStep(NamedTuple):
    """What the discriminators' own step gave."""

    loss: Tensor
    """Scalar for the discriminators to minimise."""
    terms: dict[str, Tensor]
    """Scalars for the log, detached: "discriminator" (the loss), "real_score" and "fake_score" (means), and
    "real_right" and "fake_right" (shares of places judged right: 0.5 is guessing, 1 is certainty)."""


@final
class Adversary(nn.Module):
    """Discriminators that judge together.

    Every weight is used in every call, so distributed training needs no search for unused ones. With ``seconds`` one
    part of the crop, the same for all items, is drawn from torch's generator in each call.
    """

    def __init__(self, config: AdversaryConfig, sample_rate: int):
        super().__init__()
        self.discriminators = nn.ModuleList(discriminator.build(sample_rate) for discriminator in config.discriminators)
        self._game = config.game.build()
        self._matching = config.feature_matching > 0
        self._length = None if config.seconds is None else max(1, round(config.seconds * sample_rate))

    @property
    def term_names(self) -> tuple[str, ...]:
        return ("adversarial", "feature_matching") if self._matching else ("adversarial",)

    def forward(self, estimate: Tensor, reference: Tensor) -> DiscriminatorStep:
        """The discriminators' step: decoded ``(b, t)``, taken as a constant, against originals ``(b, t)``."""
        pair = torch.cat(self._part(estimate.detach(), reference.detach()))
        scores = [discriminator(pair).score.float().chunk(2) for discriminator in self.discriminators]
        loss = torch.stack([self._game.discriminator(real, fake) for fake, real in scores]).mean()
        fake, real = (torch.cat([score.detach().flatten() for score in side]) for side in zip(*scores, strict=True))
        boundary = self._game.boundary
        terms = {"discriminator": loss.detach(), "real_score": real.mean(), "fake_score": fake.mean()}
        right = {"real_right": (real > boundary).float().mean(), "fake_right": (fake < boundary).float().mean()}
        return DiscriminatorStep(loss, terms | right)

    def generator_terms(self, estimate: Tensor, reference: Tensor) -> dict[str, Tensor]:
        """The generator's unweighted terms, scalars that are differentiable in ``estimate`` ``(b, t)``.

        Take ``torch.autograd.grad(..., estimate)`` of them: ``backward`` would leave gradients in the discriminators.
        """
        estimate, reference = self._part(estimate, reference.detach())
        fakes: list[DiscriminatorOutput] = [discriminator(estimate) for discriminator in self.discriminators]
        terms = {"adversarial": torch.stack([self._game.generator(fake.score) for fake in fakes]).mean()}
        if self._matching:
            with torch.no_grad():
                reals: list[DiscriminatorOutput] = [discriminator(reference) for discriminator in self.discriminators]
            pairs = zip(reals, fakes, strict=True)
            matches = [feature_matching(real.features, fake.features) for real, fake in pairs]
            terms["feature_matching"] = torch.stack(matches).mean()
        return terms

    def _part(self, estimate: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
        """The same random part of both, with the gain that brings the original's items to a level of one."""
        length = estimate.shape[1] if self._length is None else min(self._length, estimate.shape[1])
        start = int(torch.randint(estimate.shape[1] - length + 1, ()))
        estimate, reference = estimate[:, start : start + length], reference[:, start : start + length]
        level = reference.float().square().mean(1, keepdim=True).sqrt().clamp(min=_QUIETEST)
        return estimate / level, reference / level


def light(sample_rate: int) -> AdversaryConfig:
    """Discriminators for a CPU: all their work costs less than the generator's own step (benchmarks/adversary.py).

    Spectra of 16 and 64 ms whose frequencies are thinned out at once, one period, few channels, and half of the crop.
    """
    spectrum = (
        ConvConfig(channels=16, kernel=(3, 9), stride=(1, 4)),
        ConvConfig(channels=32, kernel=(3, 5), stride=(2, 2)),
        ConvConfig(channels=32, stride=(1, 2)),
    )
    period = (
        ConvConfig(channels=16, kernel=(7, 1), stride=(4, 1)),
        ConvConfig(channels=32, kernel=(7, 1), stride=(4, 1)),
        ConvConfig(channels=64, kernel=(5, 1), stride=(3, 1)),
    )
    size = _power_of_two(0.016 * sample_rate)
    return AdversaryConfig(
        discriminators=(
            SpectrumConfig(n_fft=size, hop_length=size // 2, layers=spectrum),
            SpectrumConfig(n_fft=4 * size, hop_length=2 * size, layers=spectrum),
            PeriodConfig(period=5, layers=period),
        ),
        optimiser=OptimiserConfig(rate=1e-3, clip=10.0),
        seconds=min(0.6, 20000 / sample_rate),
    )


def full(sample_rate: int) -> AdversaryConfig:
    """Discriminators for a GPU: complex spectra as in EnCodec, periods as in HiFi-GAN.

    Defossez et al. (2022) and Kong et al. (2020); the periods' channels are halved from the third layer on.
    """
    spectrum = (
        ConvConfig(channels=32, kernel=(3, 9)),
        *(ConvConfig(channels=32, kernel=(3, 9), stride=(1, 2), dilation=(gap, 1)) for gap in (1, 2, 4)),
        ConvConfig(channels=32),
    )
    strided = (ConvConfig(channels=width, kernel=(5, 1), stride=(3, 1)) for width in (32, 128, 256, 512))
    period = (*strided, ConvConfig(channels=512, kernel=(5, 1)))
    size = _power_of_two(0.032 * sample_rate)
    spectra = (SpectrumConfig(n_fft=n, hop_length=n // 4, layers=spectrum) for n in (size // 2, size, 2 * size))
    periods = (PeriodConfig(period=length, layers=period) for length in (2, 3, 5, 7, 11))
    return AdversaryConfig(discriminators=(*spectra, *periods), optimiser=OptimiserConfig(rate=3e-4, clip=10.0))


def _power_of_two(length: float) -> int:
    """The one nearest to ``length`` in octaves, 64 at least."""
    return max(64, 2 ** round(math.log2(length)))
