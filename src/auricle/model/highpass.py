"""What keeps constants out: nobody hears them, and a frame of coefficients spends bits on them and lets them hum."""

import math
from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from auricle.stream import Layer, State

_FORGOTTEN = 1e-3


@final
class HighPass(Layer):
    """Take a slow mean off a signal: a filter of first order, as that of Opus' reference encoder at 3 Hz.

    The mean is that of blocks, weighed exponentially, and runs straight from block to block. A tone at ten times the
    corner loses half a percent of its level and turns by 6 degrees.

    Args:
        corner: where a tone loses 3 dB, in cycles per sample.
        block: samples that are averaged first; much shorter than a period of the corner.
    """

    weights: Tensor
    ramp: Tensor

    def __init__(self, corner: float, block: int):
        super().__init__()
        decay = 2 * math.pi * corner * block
        self.block, self._taps = block, math.ceil(-math.log(_FORGOTTEN) / decay)
        weights = np.exp(-decay * np.arange(self._taps))[::-1]
        after = np.arange(1, block + 1) / block
        for name, values in (("weights", weights / weights.sum()), ("ramp", np.stack((1.0 - after, after)))):
            self.register_buffer(name, torch.from_numpy(values.astype(np.float32)), persistent=False)

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The means of the last blocks, zeros at first."""
        return (torch.zeros(batch, self._taps, device=device, dtype=dtype),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, t, 1)`` to the same shape."""
        (past,) = state
        blocks = x.reshape(x.shape[0], -1, self.block)
        means = torch.cat((past, blocks.mean(2)), dim=1)
        slow = F.conv1d(means[:, None], self.weights[None, None])[:, 0]
        pairs = torch.stack((slow[:, :-1], slow[:, 1:]), dim=2)
        return x - (pairs @ self.ramp).reshape(x.shape), (means[:, blocks.shape[1] :],)
