"""Blocks at frame rate: each is a :class:`Layer` that keeps rate and features."""

from abc import abstractmethod
from typing import Literal, final

from pydantic import Field

from auricle.model.registry import RegisteredConfig
from auricle.stream import GRU, LSTM, Activation, DepthwiseConv, FrameNorm, Layer, Pointwise, Residual, Serial


class BlockConfig(RegisteredConfig):
    """A block of a stage."""

    @abstractmethod
    def build(self, dim: int) -> Layer:
        """The block for frames of ``dim`` features."""


@final
class ConvBlockConfig(BlockConfig, kind="conv"):
    """Causal ConvNeXt block (Liu et al., 2022): depthwise convolution, per-frame norm, MLP."""

    kernel: int = Field(default=7, ge=1, le=63, description="taps of the depthwise convolution, in frames")
    expansion: int = Field(default=3, ge=1, le=8, description="hidden features of the MLP per feature")
    lookahead: int = Field(default=0, ge=0, le=16, description="frames seen ahead; they add to the latency")
    scale: float = Field(default=0.1, gt=0, le=1, description="gain of the last linear map at the start")

    def build(self, dim: int) -> Layer:
        """Residual of convolution and MLP."""
        return Residual(
            Serial(
                [
                    DepthwiseConv(dim, self.kernel, lookahead=self.lookahead),
                    FrameNorm(dim),
                    Pointwise(dim, self.expansion * dim),
                    Activation("gelu"),
                    Pointwise(self.expansion * dim, dim, gain=self.scale),
                ]
            ),
            dim,
        )


@final
class RecurrentBlockConfig(BlockConfig, kind="recurrent"):
    """GRU or LSTM, inside a residual with norm or, with ``residual=False``, bare as in the older literature."""

    cell: Literal["gru", "lstm"] = Field(default="gru", description="kind of recurrence")
    residual: bool = Field(default=True, description="norm before, linear map after, and a shortcut around both")
    scale: float = Field(default=0.3, gt=0, le=1, description="gain of the last linear map at the start")

    def build(self, dim: int) -> Layer:
        """The cell with as many hidden units as features."""
        cell = {"gru": GRU, "lstm": LSTM}[self.cell](dim, dim)
        if not self.residual:
            return cell
        return Residual(Serial([FrameNorm(dim), cell, Pointwise(dim, dim, gain=self.scale)]), dim)
