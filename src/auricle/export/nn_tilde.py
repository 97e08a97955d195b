"""TorchScript for nn~, the object of Max and Pure Data that plays such models.

What nn~ asks of a module: buffers ``NAME_params`` of four integers for each method (channels in, samples per step of
the input, channels out, samples per step of the output), lists ``NAME_input_labels`` and ``NAME_output_labels``, and
for each attribute ``get_NAME``, ``set_NAME`` (0 for success) and ``NAME_params`` with the types of its values (1 for
integers, 2 for floats). Methods take and return ``(b, channels, steps)``.

nn~ calls with blocks of 2^n samples, and hops are no powers of two: so the module collects samples until a hop is
complete, and latents stand still between two frames, at a step that divides hops and blocks.
"""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from auricle.errors import OptionError
from auricle.export.code_graphs import code_graphs
from auricle.export.flat_step import FlatStep, StateTensor
from auricle.export.parts import ExportParts
from auricle.export.portable import portable
from auricle.model import Autoencoder
from auricle.progress import OnProgress

_LONGEST_STEP = 64
_FLOAT, _INTEGER = 2, 1
_TRACED_FRAMES = 3


def write_nn_tilde(parts: ExportParts, folder: Path, on_progress: OnProgress) -> None:
    """Write the model's name with ``.ts``.

    Raises:
        ModelError: its codes can't be exported.
        OptionError: there is a prior: nn~ has no place for it yet.
    """
    if parts.prior is not None:
        raise OptionError("a prior can't be exported to nn~: leave it out, or export it to onnx")
    model = parts.model
    axes = torch.zeros(0, model.latent_dim)
    if parts.directions is not None:
        axes = torch.from_numpy(parts.directions.axes * parts.directions.deviations[:, None])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.jit.script(nn_tilde(model, axes))
    name = re.sub(r"[^\w.-]", "-", model.name) or "model"
    compiled.save(str(folder / f"{name}.ts"))


def nn_tilde(model: Autoencoder, axes: Tensor) -> "NnTilde":
    """The module before it is compiled.

    Args:
        model: what plays.
        axes: directions ``(k, d)`` to shift latents along, each a standard deviation long; k may be 0.
    """
    model = portable(model)
    encoder, decoder = FlatStep(model.encoder, samples_in=True), FlatStep(model.decoder, samples_out=True)
    audio = torch.zeros(1, _TRACED_FRAMES * model.hop_length)
    latents = torch.zeros(1, _TRACED_FRAMES, model.latent_dim)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is fixed in a trace is fixed in the model
        passage: Any = torch.jit.trace(_passage(model), (latents, torch.tensor(0)), check_trace=False)
        parts: list[Any] = [
            torch.jit.trace(_ListStep(step), (x, _fresh(step.form.tensors)), strict=False, check_trace=False)
            for step, x in ((encoder, audio), (decoder, latents))
        ]
    states = encoder.form.tensors, decoder.form.tensors
    return NnTilde(model, parts, passage, states, axes).eval()


def _fresh(state: tuple[StateTensor, ...]) -> list[Tensor]:
    return [part.filled(1) for part in state]


def _passage(model: Autoencoder) -> nn.Module:
    return _Rounded(model) if model.bottleneck.codebooks else _Unchanged()


@final
class _ListStep(nn.Module):
    def __init__(self, step: FlatStep):
        super().__init__()
        self.step = step

    def forward(self, x: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        y, *after = self.step(x, *state)
        return y, list(after)


@final
class _Rounded(nn.Module):
    def __init__(self, model: Autoencoder):
        super().__init__()
        graphs = code_graphs(model.bottleneck)
        self.quantiser, self.dequantiser = graphs.quantiser, graphs.dequantiser

    def forward(self, z: Tensor, step: Tensor) -> Tensor:
        return self.dequantiser(self.quantiser(z, step), step)


@final
class _Unchanged(nn.Module):
    def forward(self, z: Tensor, step: Tensor) -> Tensor:
        return z + 0 * step


@final
class NnTilde(nn.Module):
    """What nn~ loads. ``forward`` is ``decode`` of ``encode``, and lags by the model's own lag and nearly a hop."""

    methods: list[str]
    attributes: list[str]
    encoder_form: list[tuple[list[int], int, bool, float]]
    decoder_form: list[tuple[list[int], int, bool, float]]
    encoder_state: list[Tensor]
    decoder_state: list[Tensor]
    axes: Tensor
    shifts: Tensor
    offset: Tensor

    def __init__(
        self,
        model: Autoencoder,
        parts: Sequence[nn.Module],
        passage: nn.Module,
        states: tuple[tuple[StateTensor, ...], tuple[StateTensor, ...]],
        axes: Tensor,
    ):
        super().__init__()
        self.encoder, self.decoder, self.passage = *parts, passage
        self.hop: int = model.hop_length
        self.step: int = min(_LONGEST_STEP, self.hop & -self.hop)
        self.dim: int = model.latent_dim
        self.rate: int = model.sample_rate
        self.levels: float = float(model.bottleneck.quality_levels - 1)
        self.quality: float = self.levels / 2
        self.direction: tuple[int, float] = (1, 0.0)
        self.encoder_form = [_form(part) for part in states[0]]
        self.decoder_form = [_form(part) for part in states[1]]
        self.encoder_state = _fresh(states[0])
        self.decoder_state = _fresh(states[1])
        self.waiting = torch.zeros(1, 0)
        self.held = torch.zeros(1, 1, self.dim)
        self.queue = torch.zeros(1, self.hop - self.step)
        self.decoded: int = 0
        self.register_buffer("axes", axes)
        self.register_buffer("shifts", torch.zeros(len(axes)))
        self.register_buffer("offset", torch.zeros(self.dim))
        self.methods = []
        self._describe("forward", (1, 1, 1, 1), ["audio"], ["audio"])
        latents = [f"latent {number}" for number in range(1, self.dim + 1)]
        self._describe("encode", (1, 1, self.dim, self.step), ["audio"], latents)
        self._describe("decode", (self.dim, self.step, 1, 1), latents, ["audio"])
        self.attributes = ["quality"] if model.bottleneck.codebooks else []
        self.attributes += ["direction"] if len(axes) else []
        self.register_buffer("quality_params", torch.tensor([_FLOAT]))
        self.register_buffer("direction_params", torch.tensor([_INTEGER, _FLOAT]))

    def _describe(self, name: str, params: tuple[int, int, int, int], inputs: list[str], outputs: list[str]) -> None:
        self.methods.append(name)
        self.register_buffer(f"{name}_params", torch.tensor(params))
        setattr(self, f"{name}_input_labels", inputs)
        setattr(self, f"{name}_output_labels", outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(b, 1, t)`` to the same, t a multiple of ``step``."""
        return self.decode(self.encode(x))

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        """``(b, 1, t)`` to latents ``(b, d, t / step)``, which stand still until the next frame."""
        count = x.shape[2] // self.step
        if count * self.step != x.shape[2]:
            raise ValueError(f"a block of {x.shape[2]} samples is no multiple of {self.step}: use a larger one")
        if x.shape[0] != self.held.shape[0] or x.device != self.held.device:
            self.encoder_state = self.fresh(self.encoder_form, x)
            self.waiting = x[:, 0, :0]
            self.held = torch.zeros(x.shape[0], 1, self.dim, device=x.device)
        before = self.waiting.shape[1]
        joined = torch.cat((self.waiting, x[:, 0]), 1)
        frames = joined.shape[1] // self.hop
        held = self.held
        if frames > 0:
            z, after = self.encoder(joined[:, : frames * self.hop], self.encoder_state)
            self.encoder_state = after
            step = torch.tensor(self.quality * 8.0, device=x.device).round().long()
            held = torch.cat((held, self.passage(z + self.offset, step)), 1)
        places = (before + self.step * torch.arange(1, count + 1, device=x.device)) // self.hop
        self.waiting = joined[:, frames * self.hop :]
        self.held = held[:, held.shape[1] - 1 :]
        return held[:, places].transpose(1, 2)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        """``(b, d, n)`` to ``(b, 1, n * step)``; a frame is what stands at the end of its hop."""
        if z.shape[0] != self.queue.shape[0] or z.device != self.queue.device:
            self.decoder_state = self.fresh(self.decoder_form, z)
            self.queue = torch.zeros(z.shape[0], self.hop - self.step, device=z.device)
            self.decoded = 0
        ends = self.decoded + self.step * torch.arange(1, z.shape[2] + 1, device=z.device)
        frames = z.transpose(1, 2)[:, ends % self.hop == 0]
        self.decoded = (self.decoded + self.step * z.shape[2]) % self.hop
        queue = self.queue
        if frames.shape[1] > 0:
            samples, after = self.decoder(frames, self.decoder_state)
            self.decoder_state = after
            queue = torch.cat((queue, samples), 1)
        count = self.step * z.shape[2]
        self.queue = queue[:, count:]
        return queue[:, :count].unsqueeze(1)

    @torch.jit.export
    def fresh(self, form: list[tuple[list[int], int, bool, float]], like: Tensor) -> list[Tensor]:
        """A state before the first step, for the batch and on the device of a tensor."""
        state: list[Tensor] = []
        for shape, axis, whole, fill in form:
            sizes = list(shape)
            sizes[axis] = sizes[axis] * like.shape[0]
            kind = torch.int64 if whole else torch.float32
            state.append(torch.full(sizes, fill, device=like.device).to(kind))
        return state

    @torch.jit.export
    def get_methods(self) -> list[str]:
        """Names of methods."""
        return self.methods

    @torch.jit.export
    def get_attributes(self) -> list[str]:
        """Names of attributes."""
        return self.attributes

    @torch.jit.export
    def get_sample_rate(self) -> int:
        """In Hz: what the host should run at."""
        return self.rate

    @torch.jit.export
    def get_quality(self) -> float:
        """Where the dial stands."""
        return self.quality

    @torch.jit.export
    def set_quality(self, value: float) -> int:
        """Turn the dial; -1 where there is no such place."""
        if not 0.0 <= value <= self.levels:
            return -1
        self.quality = value
        return 0

    @torch.jit.export
    def get_direction(self) -> tuple[int, float]:
        """The direction that was set last, from 1, and its shift in standard deviations."""
        return self.direction

    @torch.jit.export
    def set_direction(self, number: int, amount: float) -> int:
        """Shift latents along a direction, in addition to the others; -1 where there is no such one."""
        if number < 1 or number > self.axes.shape[0] or amount < -10.0 or amount > 10.0:
            return -1
        self.shifts[number - 1] = amount
        self.offset = torch.mv(self.axes.t(), self.shifts)
        self.direction = (number, amount)
        return 0


def _form(part: StateTensor) -> tuple[list[int], int, bool, float]:
    return list(part.shape), part.batch_axis, part.dtype == "int64", part.fill
