"""``Stream``: run a layer on audio that arrives in pieces of any size."""

from collections.abc import Callable
from math import ceil
from typing import final

import torch
from torch import Tensor

from auricle.stream.layer import Layer, State
from auricle.stream.threads import threads

_SHORT_FRAMES = 512
"""Runs of up to so many frames have operations so small that threads cost more than they save: where other programs
compute too, each operation waits for the slowest thread, and a stream takes 30 times as long."""


@final
class Stream:
    """The only streaming object that changes: it rebuffers, trims the latency and flushes.

    The layer always runs in pieces of ``chunk`` steps, so results do not depend on how the input arrived.

    Args:
        layer: what to run.
        batch: sequences side by side.
        chunk: input steps per run, a multiple of ``layer.block``.
        device: where states live.
        prepare: makes of the layer's first state the one to begin with.
    """

    def __init__(
        self,
        layer: Layer,
        *,
        batch: int,
        chunk: int,
        device: torch.device | None = None,
        prepare: Callable[[State], State] | None = None,
    ):
        assert chunk > 0 and chunk % layer.block == 0, (chunk, layer.block)
        self._layer, self._batch, self._chunk, self._device = layer, batch, chunk, device
        self._prepare = prepare
        self._threads = 1 if batch * (chunk // layer.block) <= _SHORT_FRAMES else None
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        first = self._layer.initial_state(self._batch, device=self._device, dtype=torch.float32)
        self._state = first if self._prepare is None else self._prepare(first)
        self._pending: Tensor | None = None
        self._empty_output: Tensor | None = None
        self._to_trim = self._layer.latency
        self._steps_in = 0
        self._steps_out = 0

    def push(self, x: Tensor) -> Tensor:
        """Take ``(b, n, d)``, any n; return the outputs ``(b, m, d')`` that are ready, m may be 0."""
        self._steps_in += x.shape[1]
        with threads(self._threads):
            return self._run(x)

    def flush(self) -> Tensor:
        """Return what is still inside, and reset.

        With it, the outputs number the inputs times ``ratio``, rounded up to whole blocks of the layer.

        Raises:
            RuntimeError: nothing was pushed, so the shape of nothing is unknown.
        """
        if self._pending is None or self._empty_output is None:
            raise RuntimeError("flush() before any push()")
        blocks = ceil(self._steps_in / self._layer.block)
        missing = int(blocks * self._layer.block * self._layer.ratio) - self._steps_out
        outputs = [self._empty_output]
        while missing > 0:
            silence = self._pending.new_zeros(self._batch, self._chunk - self._pending.shape[1], self._pending.shape[2])
            with threads(self._threads):
                outputs.append(self._run(silence)[:, :missing])
            missing -= outputs[-1].shape[1]
        self.reset()
        return torch.cat(outputs, dim=1)

    def _run(self, x: Tensor) -> Tensor:
        if self._pending is None or self._empty_output is None:
            silence = x.new_zeros(self._batch, self._layer.block, x.shape[2])
            self._empty_output = self._layer.step(silence, self._state)[0][:, :0]
            self._pending = x[:, :0]
        waiting = torch.cat((self._pending, x), dim=1)
        outputs = [self._empty_output]
        ready = waiting.shape[1] - waiting.shape[1] % self._chunk
        for start in range(0, ready, self._chunk):
            y, self._state = self._layer.step(waiting[:, start : start + self._chunk], self._state)
            cut = min(self._to_trim, y.shape[1])
            self._to_trim -= cut
            outputs.append(y[:, cut:])
        self._pending = waiting[:, ready:].clone()
        joined = torch.cat(outputs, dim=1)
        self._steps_out += joined.shape[1]
        return joined
