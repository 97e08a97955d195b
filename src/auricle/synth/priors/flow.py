"""A prior that learns to turn noise into latents: flow matching (Lipman et al., 2023; Liu et al., 2023)."""

import math
from typing import Literal, Self, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from auricle.synth.priors.base import NO_CLASS, Origin, Prior, PriorConfig, PriorInfo
from auricle.synth.priors.notes import NoteEmbedding
from auricle.synth.priors.sizes import SizeEmbedding, unspecified_sizes

_TIME_FEATURES = 128
_TIME_SCALE = 1000.0
_ROTARY_BASE = 1000.0
_Inputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor | None]
"""What the network gets: frames, times, rows of classes, whether sounds begin, lengths of prefixes, sizes."""
_CONTRASTED = 0.4
"""Share of items whose velocity without class is computed in training as well."""
_FORGOTTEN_SHARE = 0.1


@final
class FlowPrior(Prior):
    """A transformer over patches of a few frames that tells the velocity from noise to data.

    Between noise (t = 0) and data (t = 1) lies ``x_t = (1 - t) noise + t data``; the network learns the mean of
    ``data - noise`` there. Time, class and whether the window begins a sound modulate every block by adaptive layer
    norms that start at nothing (Peebles and Xie, 2023), with one linear map shared by all blocks (Chen et al., 2023).
    Positions are rotary (Su et al., 2021), and relative: the first patches of a sound may have offsets of their own.

    Latents of sound are nearly white: what a class decides is less their mean than their spread in each place. For
    Gaussian data of any spread the velocity is ``x_t`` times a gain that follows from that spread, so the network tells
    a gain and an offset for each value, starting from the gain for spread one, and sees magnitudes beside values.

    Classes are forgotten now and then, for guidance (Ho and Salimans, 2022), which acts only between two times
    (Kynkäänniemi et al., 2024). A guided network has learned the difference that a class makes, from its own velocities
    with and without: so guidance of any strength takes one pass, where others take two.

    It may also have learned the mean velocity over a span of time (Geng et al., "Mean flows", 2025), from its own ways
    from noise to data (`auricle.synth.training.distillation`): then a few steps of one pass each do.
    """

    takes_prefix = True

    def __init__(self, config: "FlowConfig", origin: Origin, info: PriorInfo | None = None):
        super().__init__(config, origin, info)
        self._config, width = config, config.width
        size = config.patch * self.features
        self.into = nn.Linear(2 * size, width)
        self.time = _wave_network(width)
        self.span = _wave_network(width, zero_output=True) if config.mean_velocities else None
        self.label_table = nn.Embedding(len(origin.classes) + 1, width)
        self.begin_table = nn.Embedding(2, width)
        self.size = SizeEmbedding(width, config.window / self.frame_rate) if config.examples else None
        self.note = NoteEmbedding(width, self.frame_rate) if config.notes else None
        self.known = nn.Parameter(torch.empty(width))
        nn.init.normal_(self.known, std=0.1)  # torch.randn would load torch's compiler on the meta device
        self.onset = nn.Parameter(torch.zeros(config.onset, width)) if config.onset else None
        self.shared = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(_Block(width, config.heads, config.expansion) for _ in range(config.depth))
        self.last = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, 2 * size)
        self.contrast = nn.Linear(width, 2 * size) if config.guided else None
        for table in (self.label_table, self.begin_table):
            nn.init.normal_(table.weight, std=0.02 * math.sqrt(width))
        for linear in (self.shared, self.last, self.out, *([self.contrast] if self.contrast else [])):
            _zero(linear)

    @property
    def patch(self) -> int:
        """Frames that the network treats together; lengths must be multiples of it."""
        return self._config.patch

    @property
    def has_mean_velocities(self) -> bool:
        """Whether it learned mean velocities over spans of time."""
        return self._config.mean_velocities

    @property
    def bends_early(self) -> bool:
        """Whether it was trained at all times, so that short steps near the noise are of use."""
        return self._config.times == "mixed"

    def velocity(
        self,
        x: Tensor,
        t: Tensor,
        label: Tensor,
        begin: Tensor,
        *,
        guidance: float | Tensor = 1.0,
        prefix: Tensor | None = None,
        size: Tensor | None = None,
        span: Tensor | None = None,
    ) -> Tensor:
        """Where to move ``x``: ``(b, n, features)``.

        Args:
            x: ``(b, n, features)``, standardised, n a multiple of :attr:`patch`; windows longer than :attr:`window`
                were never seen.
            t: ``(b,)`` from 0 (noise) to 1 (data).
            label: ``(b,)`` int64, -1 for no class.
            begin: ``(b,)`` bool, true where the first frame is the first one of a sound.
            guidance: 1 for the class as it was learned, more to exaggerate it, in the middle of the way; or one for
                each, ``(b,)``. It takes a second pass unless it is 1 or the network is a guided one.
            prefix: ``(b,)`` int64, multiples of :attr:`patch`, up to half of a window: so many first frames of ``x``
                are data without noise, to go on from; what is returned for them means nothing. None for none.
            size: as in :meth:`loss`; None tells nothing.
            span: ``(b,)``, of priors that have them: return the mean velocity from ``t`` to ``t + span``. None for the
                velocity at ``t``.
        """
        others = begin, torch.zeros_like(label) if prefix is None else prefix, size, span
        inside = self._is_guided(t, span)
        is_guided = isinstance(guidance, Tensor) or (guidance != 1.0 and bool(inside.any()))
        conditional, contrast = self._velocity(x, t, self._rows(label), *others, contrasted=is_guided)
        if not is_guided:
            return conditional
        if contrast is None:
            unconditional, _ = self._velocity(x, t, self._rows(torch.full_like(label, NO_CLASS)), *others)
            return torch.lerp(unconditional, conditional, torch.where(inside, guidance, 1.0)[:, None, None])
        return conditional + torch.where(inside, guidance - 1.0, 0.0)[:, None, None] * contrast

    def loss(
        self, x: Tensor, before: Tensor, label: Tensor, begin: Tensor, size: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``loss``: mean squared error of the velocity; times and prefixes are drawn as the configuration says."""
        t = self._times(len(x), x.device)
        noise = torch.randn_like(x)
        prefix, fresh = self.draw_prefixes(label, x.shape[1])
        mixed = torch.where(fresh, torch.lerp(noise, x, t[:, None, None]), x)
        rows, size = self.drop_labels(label), None if size is None else self.drop_sizes(size)
        inputs = mixed, t, rows, begin, prefix, size
        velocity, contrast = self._velocity(*inputs)
        error = (velocity - (x - noise)).square() * fresh
        terms = {"loss": error.sum((1, 2)) / (fresh.sum((1, 2)) * self.features)}
        if contrast is not None and self.training:
            terms["contrast"] = self._contrast_error(velocity.detach(), contrast, inputs)
            terms["loss"] = terms["loss"] + terms["contrast"]
        return terms

    def _contrast_error(self, velocity: Tensor, contrast: Tensor, inputs: _Inputs) -> Tensor:
        """Squared error ``(b,)`` of the difference that the network says a class makes, of some of the items."""
        _, t, rows, *_ = inputs
        contrasted = (torch.rand_like(t) < _CONTRASTED) & self._is_guided(t) & (rows < len(self.classes))
        items = contrasted.nonzero()[:, 0]
        error = torch.zeros_like(t)
        if not len(items):
            return error + 0.0 * contrast.sum()
        x, t, rows, begin, prefix = (part[items] for part in inputs[:5])
        size = None if inputs[5] is None else inputs[5][items]
        with torch.no_grad():
            rows = torch.full_like(rows, len(self.classes))
            plain, _ = self._velocity(x, t, rows, begin, prefix, size, contrasted=False)
        return error.index_add(0, items, (contrast[items] - (velocity[items] - plain)).square().mean((1, 2)))

    def _times(self, count: int, device: torch.device) -> Tensor:
        """Times ``(b,)`` from 0 to 1."""
        even = torch.rand(count, device=device)
        if self._config.times == "uniform":
            return even
        middle = torch.sigmoid(torch.randn(count, device=device))
        return middle if self._config.times == "logit_normal" else torch.where(even < 0.5, 2 * even, middle)

    def _is_guided(self, t: Tensor, span: Tensor | None = None) -> Tensor:
        first, last = self._config.guidance_interval
        return ((t if span is None else t + span) >= first) & (t <= last)

    def drop_sizes(self, size: Tensor) -> Tensor:
        """Sizes of which a share is forgotten in training: length, level, note, velocity, each for itself."""
        if self.size is None or not self.training:
            return size
        return torch.where(torch.rand(size.shape, device=size.device) < _FORGOTTEN_SHARE, math.nan, size)

    def draw_prefixes(self, label: Tensor, frames: int) -> tuple[Tensor, Tensor]:
        """First frames ``(b,)`` that are given, none for most items, up to half of the window for the others, and which
        frames are not: bool ``(b, frames, 1)``."""
        count = self.patch * torch.randint(1, max(2, frames // (2 * self.patch) + 1), label.shape, device=label.device)
        continued = torch.rand(label.shape, device=label.device) < self._config.continued
        prefix = torch.where(continued, count.clamp(max=frames - self.patch), 0)
        return prefix, (torch.arange(frames, device=label.device) >= prefix[:, None]).unsqueeze(2)

    def _velocity(
        self,
        x: Tensor,
        t: Tensor,
        rows: Tensor,
        begin: Tensor,
        prefix: Tensor,
        size: Tensor | None = None,
        span: Tensor | None = None,
        *,
        contrasted: bool = True,
    ) -> tuple[Tensor, Tensor | None]:
        """The velocity, and the difference that the class makes to it, of networks that say so."""
        count = x.shape[1] // self.patch
        assert x.shape[1] == count * self.patch, (x.shape, self.patch)
        conditioning = self._conditioning(t, rows, begin, size, span)
        shared = self.shared(conditioning).unflatten(1, (6, -1))
        angles = _angles(count, self._config.width // self._config.heads, x.device)
        patches = x.reshape(len(x), count, -1)
        clean = (torch.arange(count, device=x.device) * self.patch < prefix[:, None]).unsqueeze(2)
        h = self.into(torch.cat((patches, patches.abs()), -1)) + clean * self.known
        if self.onset is not None:
            h = h + begin[:, None, None] * F.pad(self.onset, (0, 0, 0, max(0, count - len(self.onset))))[:count]
        for block in self.blocks:
            h = block(h, shared, angles)
        scale, shift = self.last(conditioning)[:, None].chunk(2, -1)
        h = _normed(h) * (1 + scale) + shift
        gain, offset = self.out(h).chunk(2, -1)
        t = t[:, None, None]
        unit_gain = (2 * t - 1) / (t.square() + (1 - t).square())
        velocity = ((unit_gain + gain) * patches + offset).reshape(x.shape)
        if self.contrast is None or not contrasted:
            return velocity, None
        gain, offset = self.contrast(h).chunk(2, -1)
        return velocity, (gain * patches + offset).reshape(x.shape)

    def _conditioning(self, t: Tensor, rows: Tensor, begin: Tensor, size: Tensor | None, span: Tensor | None) -> Tensor:
        """What modulates the blocks, ``(b, width)``."""
        conditioning = self.time(_waves(t)) + self.label_table(rows) + self.begin_table(begin.long())
        if self.span is not None:
            span = torch.zeros_like(t) if span is None else span
            conditioning = conditioning + (span > 0)[:, None] * self.span(_waves(span))
        size = unspecified_sizes(len(t), t.device) if size is None else size
        if self.size is not None:
            conditioning = conditioning + self.size(size[:, :2])
        if self.note is not None:
            conditioning = conditioning + self.note(size[:, 2:])
        return F.silu(conditioning)


@final
class _Block(nn.Module):
    """Attention and a multilayer perceptron, each behind an adaptive norm and a gate."""

    def __init__(self, width: int, heads: int, expansion: int):
        super().__init__()
        self._heads = heads
        self.own = nn.Parameter(torch.zeros(6, width))
        self.queries = nn.Linear(width, 3 * width)
        self.mixed = nn.Linear(width, width)
        self.inner = nn.Linear(width, expansion * width)
        self.outer = nn.Linear(expansion * width, width)

    def forward(self, h: Tensor, shared: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        """``(b, n, width)`` to the same."""
        modulation = (shared + self.own)[:, :, None]
        scale, shift, gate, scale2, shift2, gate2 = modulation.unbind(1)
        h = torch.addcmul(h, gate, self._attend(torch.addcmul(shift, _normed(h), 1 + scale), angles))
        inner = F.gelu(self.inner(torch.addcmul(shift2, _normed(h), 1 + scale2)))
        return torch.addcmul(h, gate2, self.outer(inner))

    def _attend(self, h: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        parts = self.queries(h).unflatten(2, (3, self._heads, -1)).permute(2, 0, 3, 1, 4)
        (q, k), v = _turned(_unit(parts[:2]), angles), parts[2]
        return self.mixed(_attention(q, k, v).transpose(1, 2).flatten(2))


def _attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Of queries, keys and values ``(b, heads, n, size)``; on a CPU always in float32, where going back through
    attention in bfloat16 takes six times as long."""
    if q.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return F.scaled_dot_product_attention(q, k, v)
    with torch.autocast("cpu", enabled=False):
        return F.scaled_dot_product_attention(q.float(), k.float(), v.float())


def _normed(h: Tensor) -> Tensor:
    return F.layer_norm(h, (int(h.shape[-1]),))  # a plain number, also where torch records what is done


def _unit(h: Tensor) -> Tensor:
    """Queries and keys of one size keep attention from growing without bound (Henry et al., 2020)."""
    return F.rms_norm(h, (int(h.shape[-1]),))


def _wave_network(width: int, *, zero_output: bool = False) -> nn.Sequential:
    """What makes a conditioning ``(b, width)`` of waves of a time: nothing at first if ``zero_output``."""
    first, last = nn.Linear(_TIME_FEATURES, width), nn.Linear(width, width)
    if zero_output:
        _zero(last)
    return nn.Sequential(first, nn.SiLU(), last)


def _zero(linear: nn.Linear) -> None:
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)


def _waves(t: Tensor) -> Tensor:
    """Sines and cosines ``(b, 128)`` of times ``(b,)``."""
    half = _TIME_FEATURES // 2
    rates = torch.exp(-math.log(_TIME_SCALE) * torch.arange(half, device=t.device) / half)
    phases = _TIME_SCALE * t[:, None] * rates
    return torch.cat((phases.cos(), phases.sin()), 1)


def _angles(count: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines ``(n, size / 2)`` of rotary positions."""
    rates = _ROTARY_BASE ** (-torch.arange(0, size, 2, device=device) / size)
    turns = torch.arange(count, device=device)[:, None] * rates
    return turns.cos(), turns.sin()


def _turned(h: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    (first, second), (cosine, sine) = h.chunk(2, -1), angles
    return torch.cat((first * cosine - second * sine, first * sine + second * cosine), -1)


@final
class FlowConfig(PriorConfig, kind="flow"):
    """Flow matching by a transformer."""

    width: int = Field(default=128, ge=8, le=2048, description="features of a patch inside the network")
    depth: int = Field(default=4, ge=1, le=64, description="blocks")
    heads: int = Field(default=4, ge=1, le=64, description="attention heads")
    expansion: int = Field(default=4, ge=1, le=8, description="hidden features of the MLP per feature")
    patch: int = Field(default=2, ge=1, le=64, description="frames that are treated together")
    continued: float = Field(default=0.3, ge=0, le=1, description="share of windows whose first frames are given")
    times: Literal["uniform", "logit_normal", "mixed"] = Field(
        default="logit_normal",
        description="how times are drawn; logit_normal prefers the middle (Esser et al., 2024), mixed is half and half",
    )
    onset: int = Field(
        default=0, ge=0, le=64, description="first patches of a sound that the network knows as such, for its attack"
    )
    mean_velocities: bool = Field(
        default=False, description="whether mean velocities over spans of time are learned, so that a step is one pass"
    )
    guided: bool = Field(default=False, description="whether the difference that a class makes is learned")
    guidance_interval: tuple[float, float] = Field(default=(0.0, 1.0), description="times between which guidance acts")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.notes and not self.examples:
            raise ValueError("notes are told beside lengths and levels, so examples must not be 0")
        if self.attacks and (self.notes or not self.examples):
            raise ValueError("attacks are known beside lengths and levels of sounds that are no notes")
        if self.window % self.patch:
            raise ValueError(f"a window of {self.window} frames is no multiple of the patch of {self.patch}")
        if not 0.0 <= self.guidance_interval[0] <= self.guidance_interval[1] <= 1.0:
            raise ValueError(f"guidance from time {self.guidance_interval[0]:g} to {self.guidance_interval[1]:g}")
        if self.width % (2 * self.heads):
            raise ValueError(f"a width of {self.width} can't be divided into {self.heads} heads of even size")
        return self

    def build(self, origin: Origin, info: PriorInfo | None = None) -> FlowPrior:
        return FlowPrior(self, origin, info)
