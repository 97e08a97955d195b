"""ONNX files of modules, with their state as inputs and outputs."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from auricle.export.flat_step import StateTensor
from auricle.export.onnx_ops import OPSET, operations
from auricle.extras import require

COHERENCE = "coherence"
"""What the input of a state is called that says how far channels share noise."""
_SMALLEST_CAST = 256
"""Elements of weights that are worth being stored in 16 bits."""


@final
@dataclass(frozen=True)
class Graph:
    """A module to export.

    Attributes:
        module: takes ``inputs`` in this order, then the tensors of ``state``; returns the outputs, then the state.
        inputs: an example of each, by name.
        axes: names of their axes of any length, and of those of the outputs.
        outputs: names.
        state: what goes round.
        coherence: which tensor of the state holds how far channels share noise; it is called so.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    axes: Mapping[str, Mapping[int, str]]
    outputs: tuple[str, ...]
    state: tuple[StateTensor, ...] = ()
    coherence: int | None = None

    @property
    def state_names(self) -> list[str]:
        """What the inputs of the state are called."""
        return [COHERENCE if index == self.coherence else state_name(index) for index in range(len(self.state))]

    def write(self, path: Path) -> None:
        """Export in float32."""
        axes = {name: dict(value) for name, value in self.axes.items()}
        names = self.state_names
        after = [f"next_{name}" for name in names]
        for name, part in zip(names, self.state, strict=True):
            count = part.shape[part.batch_axis]
            axes[name] = axes[f"next_{name}"] = {part.batch_axis: "batch" if count == 1 else f"{count}_batch"}
        batch = next(iter(self.inputs.values())).shape[0] if self.state else 1
        arguments = (*self.inputs.values(), *(part.filled(batch) for part in self.state))
        with torch.inference_mode(), warnings.catch_warnings(), operations():
            warnings.simplefilter("ignore")  # what is fixed in a trace is fixed in the model
            torch.onnx.export(
                self.module.eval(),
                arguments,
                str(path),
                dynamo=False,  # the other exporter fixes the length of recurrences
                opset_version=OPSET,
                input_names=[*self.inputs, *names],
                output_names=[*self.outputs, *after],
                dynamic_axes=axes,
            )

    def describe(self) -> dict[str, Any]:
        """What a program must know to run it, for JSON."""
        state = [
            {
                "name": name,
                "type": part.dtype,
                "shape": part.shape,
                "batch_axis": part.batch_axis,
                "fill": part.fill,
            }
            for name, part in zip(self.state_names, self.state, strict=True)
        ]
        return {"inputs": list(self.inputs), "outputs": list(self.outputs), "state": state}


def state_name(index: int) -> str:
    """What an input of the state is called; the output is called ``next_`` and that."""
    return f"state_{index}"


def write_half(source: Path, target: Path) -> bool:
    """The same graph with those weights in 16 bits that fit without loss; what is calculated from them stays in 32.

    Weights of model files fit, matrices of transforms do not.

    Returns:
        whether it was written: not where nothing would be gained.
    """
    onnx = require("onnx", extra="export", purpose="graphs")
    model = onnx.load(str(source))
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if tensor.data_type != onnx.TensorProto.FLOAT or values.size < _SMALLEST_CAST or not _fits(values):
            continue
        stored = onnx.numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half")
        casts.append(onnx.helper.make_node("Cast", [stored.name], [tensor.name], to=onnx.TensorProto.FLOAT))
        tensor.CopyFrom(stored)
    if not casts:
        return False
    for place, node in enumerate(casts):
        model.graph.node.insert(place, node)
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString())
    return True


def _fits(values: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float16).astype(np.float32) == values).all())
