"""What every bottleneck offers."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from auricle.errors import ModelError
from auricle.model.bottleneck.tables import TableShape
from auricle.model.choice import Choice


class Bottled(NamedTuple):
    """What came through a bottleneck."""

    z: Tensor
    """(b, n, d) what the decoder receives."""
    codes: Tensor | None
    """(b, n, k) integers, None for continuous bottlenecks."""
    terms: dict[str, Tensor]
    """Unweighted loss terms by name, scalars or one value per item ``(b,)``."""


class Bottleneck(nn.Module, ABC):
    """The narrow place between encoder and decoder.

    Attributes:
        dim: features d of the latent.
        codebooks: integers k per frame, 0 for continuous bottlenecks.
        quality_levels: levels of the quality dial; qualities run from 0 to ``quality_levels - 1``.
        term_names: names of the loss terms that ``forward`` returns.
    """

    dim: int
    codebooks: int = 0
    quality_levels: int = 1
    term_names: tuple[str, ...] = ()

    @abstractmethod
    def forward(self, z: Tensor, quality: Tensor) -> Bottled:
        """Pass ``z`` ``(b, n, d)`` as in training (noise, dropout) or, in eval mode, as in use.

        Args:
            z: encoder output.
            quality: ``(b,)`` from 0 to ``quality_levels - 1``; bottlenecks with one level ignore it.
        """

    def quantise(self, z: Tensor, quality: float) -> Tensor:
        """Integer codes int32 ``(b, n, k)`` of latents ``(b, n, d)``.

        Raises:
            ModelError: the bottleneck is continuous.
        """
        raise ModelError("this model's bottleneck is continuous and can't be compressed: train one with 'entropy'")

    def dequantise(self, codes: Tensor, quality: float) -> Tensor:
        """Latents ``(b, n, d)`` of codes ``(b, n, k)``.

        Raises:
            ModelError: the bottleneck is continuous.
        """
        raise ModelError("this model's bottleneck is continuous and has no codes: train one with 'entropy'")

    def table_shape(self) -> TableShape | None:
        """What the integer tables need to know, None for continuous bottlenecks."""
        return None


class BottleneckConfig(Choice):
    """A bottleneck."""

    @abstractmethod
    def build(self, frame_rate: float) -> Bottleneck:
        """The bottleneck for latents at ``frame_rate`` frames per second."""

    @property
    @abstractmethod
    def latent_dim(self) -> int:
        """Features of the latent."""
