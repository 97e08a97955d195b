"""What every bottleneck offers."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from auricle.errors import ModelError
from auricle.model.bottleneck.tables import TableShape
from auricle.model.registry import RegisteredConfig


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

    @torch.no_grad()
    def usage(self, z: Tensor, quality: Tensor) -> dict[str, Tensor]:
        """What each dimension or codebook carries of ``z`` ``(b, n, d)`` in use, whatever the mode; changes nothing.

        Args:
            z: encoder output.
            quality: ``(b,)``, as for :meth:`forward`.

        Returns:
            measures by name, each one value per dimension ``(d,)`` or per codebook ``(k,)``: ``bits`` per second,
            ``nats`` per frame, ``perplexity`` and ``codes``, or here ``variance`` over all frames.
        """
        return {"variance": z.flatten(0, 1).var(0, correction=0)}

    def unrounded(self, z: Tensor, quality: Tensor) -> Tensor:
        """What the decoder would receive of ``z`` ``(b, n, d)`` in use if nothing were rounded: ``(b, n, d)``.

        A codebook can't be left out, so a vector quantiser rounds all the same.

        Args:
            z: encoder output, or anything like it.
            quality: ``(b,)``, as for :meth:`forward`.
        """
        return self(z, quality).z

    def quantise(self, z: Tensor, quality: float) -> Tensor:
        """Integer codes int32 ``(b, n, k)`` of latents ``(b, n, d)``.

        Raises:
            ModelError: the bottleneck is continuous.
        """
        raise ModelError("this model's bottleneck is continuous and can't be compressed: train one with 'entropy'")

    def quantise_sparsely(self, z: Tensor, quality: float, deadzone: float) -> Tensor:
        """Integer codes int32 ``(b, n, k)`` as `quantise` makes them, or ones that take fewer bits.

        Args:
            z: encoder output ``(b, n, d)``.
            quality: as for :meth:`quantise`.
            deadzone: how much farther from zero than halfway a value must lie to become the larger of two codes, in
                steps between codes, from 0 to below 0.5. Codes that are indices have no zero: they ignore it.

        Raises:
            ModelError: the bottleneck is continuous.
        """
        return self.quantise(z, quality)

    def dequantise(self, codes: Tensor, quality: float) -> Tensor:
        """Latents ``(b, n, d)`` of codes ``(b, n, k)``.

        Raises:
            ModelError: the bottleneck is continuous.
        """
        raise ModelError("this model's bottleneck is continuous and has no codes: train one with 'entropy'")

    def table_shape(self) -> TableShape | None:
        """What the integer tables need to know, None for continuous bottlenecks."""
        return None


@torch.no_grad()
def code_usage(codes: Tensor, sizes: Tensor) -> dict[str, Tensor]:
    """How evenly codebooks are used.

    Args:
        codes: integers ``(b, n, k)``, 0 or more.
        sizes: ``(k,)`` codes in each codebook.

    Returns:
        ``perplexity`` ``(k,)``: the exponential of the entropy of each codebook's codes over all frames, 1 where one
        code takes all; ``codes`` ``(k,)``: its highest possible value, the codes in the codebook or the frames looked
        at, whichever is less.
    """
    flat = codes.flatten(0, 1).long()
    counts = torch.zeros(flat.shape[1], int(sizes.max()), device=codes.device)
    counts.scatter_add_(1, flat.T, torch.ones_like(flat.T, dtype=counts.dtype))
    share = counts / max(1, len(flat))
    entropy = -(share * share.clamp(min=1e-12).log()).sum(1)
    return {"perplexity": entropy.exp(), "codes": sizes.to(entropy.dtype).clamp(max=max(1, len(flat)))}


class BottleneckConfig(RegisteredConfig):
    """What limits the latent, and its shape."""

    @abstractmethod
    def build(self, frame_rate: float) -> Bottleneck:
        """The bottleneck for latents at ``frame_rate`` frames per second."""

    @property
    @abstractmethod
    def latent_dim(self) -> int:
        """Features of the latent."""
