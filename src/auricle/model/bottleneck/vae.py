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
        log_variance, nats = self._divergence(z)
        divergence = nats.sum(-1).mean()
        if self.training:
            z = z + torch.randn_like(z) * (0.5 * log_variance).exp()
        return Bottled(z, None, {"kl": divergence})

    def _divergence(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Logarithm of the posterior's variance, and nats of each value, both ``(b, n, d)``."""
        log_variance = self.log_variance.map(z).clamp(-14.0, 6.0)
        return log_variance, 0.5 * (z.square() + log_variance.exp() - 1.0 - log_variance)

    @torch.no_grad()
    def usage(self, z: Tensor, quality: Tensor) -> dict[str, Tensor]:
        """``nats`` ``(d,)``: divergence from the prior per frame; their sum is the term ``kl``."""
        return {"nats": self._divergence(z)[1].mean((0, 1))}


@final
class VaeConfig(BottleneckConfig, kind="vae"):
    """Gaussian latent."""

    dim: int = Field(default=64, ge=1, le=4096, description="latent features")

    @property
    def latent_dim(self) -> int:
        return self.dim

    def build(self, frame_rate: float) -> Vae:
        return Vae(self.dim)
