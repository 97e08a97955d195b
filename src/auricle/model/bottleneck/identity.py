"""No bottleneck but the latent's dimension: the plain autoencoder of the literature."""

from typing import final

from pydantic import Field
from torch import Tensor

from auricle.model.bottleneck.base import Bottled, Bottleneck, BottleneckConfig


@final
class Identity(Bottleneck):
    """Pass latents as they are."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def forward(self, z: Tensor, quality: Tensor) -> Bottled:
        """``(b, n, d)`` unchanged, no terms."""
        return Bottled(z, None, {})


@final
class IdentityConfig(BottleneckConfig, kind="identity"):
    """Plain continuous latent."""

    dim: int = Field(default=64, ge=1, le=4096, description="latent features")

    @property
    def latent_dim(self) -> int:
        return self.dim

    def build(self, frame_rate: float) -> Identity:
        return Identity(self.dim)
