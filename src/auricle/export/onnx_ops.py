"""Operations of torch that its exporter does not know, or translates wrongly, in ONNX's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import torch

OPSET = 20
_LOWEST = -(1 << 62)


def _copysign(g: Any, magnitude: Any, sign: Any) -> Any:
    return g.op("Mul", g.op("Abs", magnitude), g.op("Sign", sign))


def _shifted_right(g: Any, values: Any, places: Any) -> Any:
    """Arithmetic shift of 64-bit integers: ONNX shifts unsigned ones alone, and divides towards zero."""
    unit = 1 << int(places.node().t("value"))
    below = g.op("BitwiseAnd", values, _integers(g, unit - 1))
    return g.op("Div", g.op("Sub", values, below), _integers(g, unit))


def _exclusive_or(g: Any, first: Any, second: Any) -> Any:
    return g.op("BitwiseXor", first, second)


def _running_maximum(g: Any, values: Any, _: Any) -> tuple[Any, Any]:
    """``cummax`` of ``(b, n)`` over n, by comparing each place with all others; its indices are not made."""
    count = g.op("Gather", g.op("Shape", values), _integers(g, 1), axis_i=0)
    places = g.op("Range", _integers(g, 0), count, _integers(g, 1))
    past = g.op("GreaterOrEqual", g.op("Unsqueeze", places, _integers(g, [1])), places)
    candidates = g.op("Where", past, g.op("Unsqueeze", values, _integers(g, [1])), _integers(g, _LOWEST))
    highest = g.op("ReduceMax", candidates, _integers(g, [2]), keepdims_i=0)
    return highest, highest


def _rms_norm(g: Any, values: Any, _shape: Any, _weight: Any, _eps: Any) -> Any:
    """Over the last axis, without weights, as priors use it."""
    power = g.op("ReduceMean", g.op("Mul", values, values), _integers(g, [-1]), keepdims_i=1)
    smallest = g.op("Constant", value_t=torch.tensor(torch.finfo(torch.float32).eps))
    return g.op("Div", values, g.op("Sqrt", g.op("Add", power, smallest)))


def _integers(g: Any, value: int | list[int]) -> Any:
    return g.op("Constant", value_t=torch.tensor(value, dtype=torch.int64))


_OPERATIONS: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        "aten::copysign": _copysign,
        "aten::__rshift_": _shifted_right,
        "aten::__xor_": _exclusive_or,
        "aten::cummax": _running_maximum,
        "aten::rms_norm": _rms_norm,
    }
)


@contextmanager
def operations() -> Iterator[None]:
    """Teach torch's exporter these operations inside."""
    for name, symbolic in _OPERATIONS.items():
        torch.onnx.register_custom_op_symbolic(name, symbolic, OPSET)  # pyright: ignore[reportPrivateImportUsage]
    try:
        yield
    finally:
        for name in _OPERATIONS:
            torch.onnx.unregister_custom_op_symbolic(name, OPSET)  # pyright: ignore[reportPrivateImportUsage]
