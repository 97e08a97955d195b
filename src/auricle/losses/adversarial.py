"""The losses of discriminators and of the generator against them, on scores of any shape."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor

from auricle.model.registry import RegisteredConfig

_QUIETEST = 1e-4


class AdversarialLoss(ABC):
    """What both sides minimise.

    Attributes:
        boundary: score above which a sound counts as judged an original.
    """

    boundary: float

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Scores of originals and of decoded sounds to the discriminator's scalar loss."""

    @abstractmethod
    def generator(self, fake: Tensor) -> Tensor:
        """Scores of decoded sounds to the generator's scalar loss."""


@final
class Hinge(AdversarialLoss):
    """Margins of one on either side of zero (Lim and Ye, 2017; for the generator as Zeghidour et al., 2021).

    What is judged right by more than the margin no longer moves the weights.
    """

    boundary = 0.0

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Mean of what is missing from 1 for originals and from -1 for decoded sounds, added."""
        return F.relu(1.0 - real.float()).mean() + F.relu(1.0 + fake.float()).mean()

    def generator(self, fake: Tensor) -> Tensor:
        """Mean of what is missing from 1."""
        return F.relu(1.0 - fake.float()).mean()


@final
class LeastSquares(AdversarialLoss):
    """Squared distances to 1 for originals and 0 for decoded sounds (Mao et al., 2017)."""

    boundary = 0.5

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Mean squared distances from 1 and from 0, added."""
        return (real.float() - 1.0).square().mean() + fake.float().square().mean()

    def generator(self, fake: Tensor) -> Tensor:
        """Mean squared distance from 1."""
        return (fake.float() - 1.0).square().mean()


class AdversarialLossConfig(RegisteredConfig):
    @abstractmethod
    def build(self) -> AdversarialLoss:
        """The game."""


@final
class HingeConfig(AdversarialLossConfig, kind="hinge"):
    def build(self) -> Hinge:
        return Hinge()


@final
class LeastSquaresConfig(AdversarialLossConfig, kind="least_squares"):
    def build(self) -> LeastSquares:
        return LeastSquares()


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Mean over layers of the L1 distance of features, relative to the original's mean size (Defossez et al., 2022).

    Args:
        real: features of the originals, taken as constants.
        fake: features of the decoded sounds, of the same shapes.

    Returns:
        scalar, differentiable in ``fake``.
    """
    pairs = zip(real, fake, strict=True)
    return torch.stack(
        [_relative_l1(real_layer.detach().float(), fake_layer.float()) for real_layer, fake_layer in pairs]
    ).mean()


def _relative_l1(real: Tensor, fake: Tensor) -> Tensor:
    return F.l1_loss(fake, real) / real.abs().mean().clamp(min=_QUIETEST)
