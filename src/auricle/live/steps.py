"""What takes a hop through encoder or decoder: a layer of torch, or its graph in ONNX Runtime, which is faster."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol, final

import torch
from torch import Tensor

from auricle.export.graphs import Graph, state_name
from auricle.export.onnx_export import model_graphs
from auricle.export.portable import portable
from auricle.extras import require
from auricle.model import Autoencoder
from auricle.options.live import LiveNetwork


class HopStep(Protocol):
    """A step with its state as a value; every `Layer` is one."""

    def initial_state(self, batch: int) -> Any: ...

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]: ...


class HopSteps(NamedTuple):
    """Both sides of a model."""

    encoder: HopStep
    """audio (b, t, 1) to latents (b, n, d)"""
    decoder: HopStep
    """latents to audio"""


def hop_steps(model: Autoencoder, network: LiveNetwork) -> HopSteps:
    """What computes a model's hops.

    Raises:
        ModelError: a part of the model can't be exported.
        MissingPackageError: a package of the extra `export` is not installed.
    """
    if network == "torch":
        return HopSteps(model.encoder, model.decoder)
    require("onnx", extra="export", purpose="hops in ONNX Runtime")
    graphs = model_graphs(portable(model))
    return HopSteps(_OnnxStep(graphs["encoder"], samples_in=True), _OnnxStep(graphs["decoder"], samples_out=True))


@final
class _OnnxStep:
    def __init__(self, graph: Graph, *, samples_in: bool = False, samples_out: bool = False):
        runtime = require("onnxruntime", extra="export", purpose="hops in ONNX Runtime")
        self._tensors, (self._input,) = graph.state, graph.inputs
        self._samples_in, self._samples_out = samples_in, samples_out
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        with TemporaryDirectory() as folder:
            path = Path(folder) / "graph.onnx"
            graph.write(path)
            self._session = runtime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])

    def initial_state(self, batch: int) -> Any:
        return tuple(part.filled(batch).numpy() for part in self._tensors)

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        values = x[..., 0] if self._samples_in else x
        inputs = {self._input: values.contiguous().numpy()}
        inputs |= {state_name(index): part for index, part in enumerate(state)}
        result, *after = self._session.run(None, inputs)
        y = torch.from_numpy(result)
        return y.unsqueeze(2) if self._samples_out else y, tuple(after)
