"""Gaussian variational bottleneck (Kingma and Welling, 2014)."""

from typing import final

import torch
from pydantic import Field
from torch import Tensor, nn

from auricle.model.bottleneck.base import Bottled, Bottleneck, BottleneckConfig
from auricle.stream import Pointwise


@final
class Vae(Bottleneck):
    """A diagonal Gaussian posterior against a standard normal prior. In eval mode the mean is passed."""

    term_names = ("kl",)

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim
        self.log_variance = Pointwise(dim, dim)
        nn.init.zeros_(self.log_variance.weight)
        nn.init.constant_(self.log_variance.bias, -4.0)

    def forward(self, z: Tensor, quality: Tensor) -> Bottled:
        """Term ``kl``: nats per frame, mean over batch and frames."""
        log_variance = self.log_variance.map(z).clamp(-14.0, 6.0)
        divergence = 0.5 * (z.square() + log_variance.exp() - 1.0 - log_variance).sum(-1).mean()
        if self.training:
            z = z + torch.randn_like(z) * (0.5 * log_variance).exp()
        return Bottled(z, None, {"kl": divergence})


@final
class VaeConfig(BottleneckConfig, kind="vae"):
    """Gaussian latent."""

    dim: int = Field(default=64, ge=1, le=4096, description="latent features")

    @property
    def latent_dim(self) -> int:
        """``dim``."""
        return self.dim

    def build(self, frame_rate: float) -> Vae:
        """The module."""
        return Vae(self.dim)
