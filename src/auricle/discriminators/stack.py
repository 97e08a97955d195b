"""The stack of convolutions that all discriminators share."""

from typing import Annotated, final

import torch.nn.functional as F
from pydantic import AfterValidator, Field
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from auricle.discriminators.base import DiscriminatorOutput
from auricle.model.registry import Frozen

_SLOPE = 0.1


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"kernel size {size} is even: choose {size - 1} or {size + 1}, which pad evenly")
    return size


Positive = Annotated[int, Field(ge=1, le=4096)]
Odd = Annotated[int, Field(ge=1, le=255), AfterValidator(_odd)]


@final
class ConvConfig(Frozen):
    """A layer of the stack. Pairs are (along time, across)."""

    channels: Positive = Field(description="output channels")
    kernel: tuple[Odd, Odd] = Field(default=(3, 3), description="kernel size, odd")
    stride: tuple[Positive, Positive] = Field(default=(1, 1), description="step")
    dilation: tuple[Positive, Positive] = Field(default=(1, 1), description="distance of the kernel's taps")


@final
class Stack(nn.Module):
    """Two-dimensional convolutions with weight normalisation and leaky ReLU, and one more that scores.

    Padding keeps at least one place at any size of input.

    Args:
        inward: input channels.
        layers: the convolutions.
        score: kernel of the scoring convolution.
    """

    def __init__(self, inward: int, layers: tuple[ConvConfig, ...], score: tuple[int, int]):
        super().__init__()
        widths = (inward, *(layer.channels for layer in layers))
        self.layers = nn.ModuleList(_conv(before, layer) for before, layer in zip(widths, layers, strict=False))
        self.score = _conv(widths[-1], ConvConfig(channels=1, kernel=score))

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        """Planes ``(b, c, h, w)``, h along time, to scores and features."""
        features: list[Tensor] = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _SLOPE)
            features.append(x)
        return DiscriminatorOutput(self.score(x), tuple(features))


def _conv(inward: int, config: ConvConfig) -> nn.Module:
    along, across = (gap * (size - 1) // 2 for size, gap in zip(config.kernel, config.dilation, strict=True))
    conv = nn.Conv2d(inward, config.channels, config.kernel, config.stride, (along, across), config.dilation)
    nn.init.kaiming_normal_(conv.weight, _SLOPE)  # keeps the variance: such small networks then learn at once
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return weight_norm(conv)
