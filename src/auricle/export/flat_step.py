"""A layer's step with its state as a plain row of tensors: what graphs take and give."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from auricle.stream import Layer, State


@final
@dataclass(frozen=True)
class StateTensor:
    """One tensor of a state, and how it begins.

    Attributes:
        shape: of a batch of one.
        batch_axis: which of its axes has ``shape[batch_axis]`` times the batch.
        dtype: float32 or int64.
        fill: the value that all of it has at first.
    """

    shape: tuple[int, ...]
    batch_axis: int
    dtype: str
    fill: float

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it: then no graph takes it."""
        return 0 in self.shape

    def filled(self, batch: Any) -> Tensor:
        """The tensor before the first step."""
        shape: list[Any] = list(self.shape)
        shape[self.batch_axis] = shape[self.batch_axis] * batch
        return torch.full(shape, self.fill, dtype=getattr(torch, self.dtype))


@final
class StateForm:
    """How a layer's nested state becomes a row of those of its tensors that are not empty, and back."""

    def __init__(self, layer: Layer):
        self._template = layer.initial_state(1, dtype=torch.float32)
        one, two = (list(_leaves(layer.initial_state(batch, dtype=torch.float32))) for batch in (1, 2))
        self._tensors = [_describe(first, second) for first, second in zip(one, two, strict=True)]
        self.tensors = tuple(tensor for tensor in self._tensors if not tensor.empty)

    def nest(self, row: Sequence[Tensor], batch: Any) -> State:
        """The state that a row stands for."""
        tensors = iter(row)
        return _nested(
            self._template, iter([part.filled(batch) if part.empty else next(tensors) for part in self._tensors])
        )

    def place_of(self, change: Callable[[State], State]) -> int | None:
        """Which tensor of the row another first state has otherwise; None where none is."""
        pairs = zip(self.row(self._template), self.row(change(self._template)), strict=True)
        return next((place for place, (before, after) in enumerate(pairs) if not torch.equal(before, after)), None)

    def row(self, state: State) -> tuple[Tensor, ...]:
        """The row that a state becomes."""
        pairs = zip(_leaves(state), self._tensors, strict=True)
        return tuple(tensor for tensor, description in pairs if not description.empty)


@final
class FlatStep(nn.Module):
    """``(x, *row)`` to ``(y, *row)``: any number of blocks, one included.

    Args:
        layer: what steps.
        samples_in: whether the input is samples ``(b, t)``, where the layer takes ``(b, t, 1)``.
        samples_out: the same of its output.
    """

    def __init__(self, layer: Layer, *, samples_in: bool = False, samples_out: bool = False):
        super().__init__()
        self.layer, self.form = layer, StateForm(layer)
        self._samples_in, self._samples_out = samples_in, samples_out

    def forward(self, x: Tensor, *row: Tensor) -> tuple[Tensor, ...]:
        state = self.form.nest(row, x.shape[0])
        y, after = self.layer.step(x.unsqueeze(2) if self._samples_in else x, state)
        return (y[..., 0] if self._samples_out else y, *self.form.row(after))


def _leaves(state: State) -> Iterator[Tensor]:
    """Tensors of a state, first to last."""
    for part in state:
        if isinstance(part, Tensor):
            yield part
        else:
            yield from _leaves(part)


def _nested(template: Sequence[Any], tensors: Iterator[Tensor]) -> State:
    """A state of the template's form with other tensors."""
    return tuple(next(tensors) if isinstance(part, Tensor) else _nested(part, tensors) for part in template)


def _describe(one: Tensor, two: Tensor) -> StateTensor:
    (axis,) = (axis for axis, sizes in enumerate(zip(one.shape, two.shape, strict=True)) if sizes[0] != sizes[1])
    fill = float(one.flatten()[0]) if one.numel() else 0.0
    assert bool((one == fill).all()), one.shape
    return StateTensor(tuple(one.shape), axis, str(one.dtype).removeprefix("torch."), fill)
