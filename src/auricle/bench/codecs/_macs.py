"""Counting what a network computes."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from auricle.bench.codecs.base import NetworkCost


def network_cost(modules: nn.Module, work: Callable[[], object], seconds: float) -> NetworkCost:
    """Numbers in the weights, and what ``work`` on so many seconds of mono sound multiplies.

    Matrix products, convolutions and recurrent layers count (PyTorch's own counter); lookups, norms, activations and
    Fourier transforms do not.
    """
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mkldnn_rnn_layer: _recurrent})
    with torch.no_grad(), counter:
        work()
    parameters = sum(weights.numel() for weights in modules.parameters())
    return NetworkCost(parameters, counter.get_total_flops() / 2 / seconds)


def _recurrent(x: Sequence[int], w_input: Sequence[int], w_state: Sequence[int], *args: Any, **kwargs: Any) -> int:
    """oneDNN's layer, by shapes: input ``(n, b, d)``, weights of the input and of the state."""
    return 2 * x[0] * x[1] * (w_input[0] * w_input[1] + w_state[0] * w_state[1])
