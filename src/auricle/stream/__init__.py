"""Streaming layers: one contract, one code path for training and for running piece by piece."""

from auricle.stream.combine import Delay, Parallel, Residual, Serial
from auricle.stream.layer import Layer, State, Stateless
from auricle.stream.layers import (
    ACTIVATIONS,
    GRU,
    LSTM,
    Activation,
    CausalConv,
    DepthwiseConv,
    FrameNorm,
    Pointwise,
    Upsample,
)
from auricle.stream.runner import Stream
from auricle.stream.threads import threads

__all__ = [
    "ACTIVATIONS",
    "GRU",
    "LSTM",
    "Activation",
    "CausalConv",
    "Delay",
    "DepthwiseConv",
    "FrameNorm",
    "Layer",
    "Parallel",
    "Pointwise",
    "Residual",
    "Serial",
    "State",
    "Stateless",
    "Stream",
    "Upsample",
    "threads",
]
