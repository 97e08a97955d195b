"""A prior that learns to turn noise into latents: flow matching (Lipman et al., 2023; Liu et al., 2023)."""

import math
from typing import Literal, Self, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from auricle.synth.priors.base import NO_CLASS, Origin, Prior, PriorConfig, PriorInfo
from auricle.synth.priors.sizes import SizeEmbedding, untold

_TIME_FEATURES = 128
_TIME_SCALE = 1000.0
_ROTARY_BASE = 1000.0
_STRONGEST = 4.0
"""Largest guidance that a network is told; beyond it two passes are put together."""
_GUIDED = 0.25
_UNTOLD = 0.1


@final
class FlowPrior(Prior):
    """A transformer over patches of a few frames that tells the velocity from noise to data.

    Between noise (t = 0) and data (t = 1) lies ``x_t = (1 - t) noise + t data``; the network learns the mean of
    ``data - noise`` there. Time, class and whether the window begins a sound modulate every block by adaptive layer
    norms that start at nothing (Peebles and Xie, 2023), with one linear map shared by all blocks (Chen et al., 2023).
    Positions are rotary (Su et al., 2021).

    Latents of sound are nearly white: what a class decides is less their mean than their spread in each place. For
    Gaussian data of any spread the velocity is ``x_t`` times a gain that follows from that spread, so the network tells
    a gain and an offset for each value, starting from the gain for spread one, and sees magnitudes beside values.

    Classes are forgotten now and then, for guidance (Ho and Salimans, 2022), which acts only between two times
    (Kynkäänniemi et al., 2024). A network can be told how much of it is wanted: it then learns the guided velocity
    from its own two (Meng et al., 2023; Tang et al., 2025), and one pass is enough.
    """

    takes_prefix = True

    def __init__(self, config: "FlowConfig", origin: Origin, info: PriorInfo | None = None):
        super().__init__(config, origin, info)
        self._config, width = config, config.width
        size = config.patch * self.features
        self.into = nn.Linear(2 * size, width)
        self.time = nn.Sequential(nn.Linear(_TIME_FEATURES, width), nn.SiLU(), nn.Linear(width, width))
        self.label_table = nn.Embedding(len(origin.classes) + 1, width)
        self.begin_table = nn.Embedding(2, width)
        self.size = SizeEmbedding(width, config.window / self.frame_rate) if config.examples else None
        self.strength = nn.Linear(1, width) if config.guided else None
        self.known = nn.Parameter(torch.empty(width))
        nn.init.normal_(self.known, std=0.1)  # torch.randn would load torch's compiler on the meta device
        self.shared = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(_Block(width, config.heads, config.expansion) for _ in range(config.depth))
        self.last = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, 2 * size)
        for table in (self.label_table, self.begin_table):
            nn.init.normal_(table.weight, std=0.02 * math.sqrt(width))
        for linear in (self.shared, self.last, self.out):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    @property
    def patch(self) -> int:
        """Frames that the network treats together; lengths must be multiples of it."""
        return self._config.patch

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
        guidance: float = 1.0,
        prefix: Tensor | None = None,
        size: Tensor | None = None,
    ) -> Tensor:
        """Where to move ``x``: ``(b, n, features)``.

        Args:
            x: ``(b, n, features)``, standardised, n a multiple of :attr:`patch`; windows longer than :attr:`window`
                were never seen.
            t: ``(b,)`` from 0 (noise) to 1 (data).
            label: ``(b,)`` int64, -1 for no class.
            begin: ``(b,)`` bool, true where the first frame is the first one of a sound.
            guidance: 1 for the class as it was learned, more to exaggerate it, in the middle of the way. It takes a
                second pass unless it is 1 or the network was told such guidance.
            prefix: ``(b,)`` int64, multiples of :attr:`patch`, up to half of a window: so many first frames of ``x``
                are data without noise, to go on from; what is returned for them means nothing. None for none.
            size: ``(b, 2)`` as in :meth:`loss`; None tells nothing.
        """
        others = begin, torch.zeros_like(label) if prefix is None else prefix, size
        inside = self._is_guided(t)
        if guidance == 1.0 or not bool(inside.any()):
            return self._velocity(x, t, self._rows(label), *others)
        strengths = torch.where(inside, guidance, 1.0)
        if self.strength is not None and 1.0 <= guidance <= _STRONGEST:
            return self._velocity(x, t, self._rows(label), *others, strengths)
        conditional = self._velocity(x, t, self._rows(label), *others)
        unconditional = self._velocity(x, t, self._rows(torch.full_like(label, NO_CLASS)), *others)
        return torch.lerp(unconditional, conditional, strengths[:, None, None])

    def loss(
        self, x: Tensor, before: Tensor, label: Tensor, begin: Tensor, size: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``loss``: mean squared error of the velocity; times and prefixes are drawn as the configuration says."""
        t = self._times(len(x), x.device)
        noise = torch.randn_like(x)
        prefix = self._prefix_lengths(label, x.shape[1])
        fresh = (torch.arange(x.shape[1], device=x.device) >= prefix[:, None]).unsqueeze(2)
        mixed = torch.where(fresh, torch.lerp(noise, x, t[:, None, None]), x)
        rows, size = self._drop_labels(label), self._drop_sizes(size)
        strengths = self._strengths(rows, t)
        velocity = self._velocity(mixed, t, rows, begin, prefix, size, strengths)
        target = x - noise + self._guidance(velocity.detach(), (mixed, t, rows, begin, prefix, size), strengths)
        error = (velocity - target).square() * fresh
        return {"loss": error.sum((1, 2)) / (fresh.sum((1, 2)) * self.features)}

    def _times(self, count: int, device: torch.device) -> Tensor:
        """Times ``(b,)`` from 0 to 1."""
        even = torch.rand(count, device=device)
        if self._config.times == "uniform":
            return even
        middle = torch.sigmoid(torch.randn(count, device=device))
        return middle if self._config.times == "logit_normal" else torch.where(even < 0.5, 2 * even, middle)

    def _is_guided(self, t: Tensor) -> Tensor:
        first, last = self._config.guidance_interval
        return (t >= first) & (t <= last)

    def _strengths(self, rows: Tensor, t: Tensor) -> Tensor | None:
        """The guidance ``(b,)`` that each item is to learn, 1 for most; None where the network is not told it."""
        if self.strength is None:
            return None
        ones = torch.ones_like(t)
        if not self.training:
            return ones
        draw = torch.rand(2, len(t), device=t.device)
        is_learned = (draw[0] < _GUIDED) & self._is_guided(t) & (rows < len(self.classes))
        return torch.where(is_learned, 1.0 + (_STRONGEST - 1.0) * draw[1], ones)

    @torch.no_grad()
    def _guidance(self, guided: Tensor, given: tuple[Tensor | None, ...], strengths: Tensor | None) -> Tensor:
        """What guidance adds to the velocity ``(b, n, features)``, or ``(1,)`` zero.

        With a guided velocity ``w`` and a plain one ``u`` without class, ``w = v + (1 - 1 / g) (w - u)`` holds where
        ``w = u + g (v - u)``: so the network's own guided velocity stands in for the plain one of the class.
        """
        if strengths is None or not bool((strengths > 1.0).any()):
            return torch.zeros(1, device=guided.device)
        items = (strengths > 1.0).nonzero()[:, 0]
        x, t, rows, begin, prefix, size = (None if part is None else part[items] for part in given)
        assert x is not None and t is not None and rows is not None and begin is not None and prefix is not None
        plain = self._velocity(x, t, torch.full_like(rows, len(self.classes)), begin, prefix, size)
        share = (1.0 - 1.0 / strengths[items])[:, None, None]
        return torch.zeros_like(guided).index_copy_(0, items, share * (guided[items] - plain))

    def _drop_sizes(self, size: Tensor | None) -> Tensor | None:
        """Sizes of which a share is forgotten in training: length, level, or both."""
        if size is None or self.size is None or not self.training:
            return size
        return torch.where(torch.rand(size.shape, device=size.device) < _UNTOLD, math.nan, size)

    def _prefix_lengths(self, label: Tensor, frames: int) -> Tensor:
        """First frames ``(b,)`` that are given: none for most items, up to half of the window for the others."""
        count = self.patch * torch.randint(1, max(2, frames // (2 * self.patch) + 1), label.shape, device=label.device)
        continued = torch.rand(label.shape, device=label.device) < self._config.continued
        return torch.where(continued, count.clamp(max=frames - self.patch), 0)

    def _velocity(
        self,
        x: Tensor,
        t: Tensor,
        rows: Tensor,
        begin: Tensor,
        prefix: Tensor,
        size: Tensor | None = None,
        strengths: Tensor | None = None,
    ) -> Tensor:
        count = x.shape[1] // self.patch
        assert x.shape[1] == count * self.patch, (x.shape, self.patch)
        conditioning = self._conditioning(t, rows, begin, size, strengths)
        shared = self.shared(conditioning).unflatten(1, (6, -1))
        angles = _angles(count, self._config.width // self._config.heads, x.device)
        patches = x.reshape(len(x), count, -1)
        clean = (torch.arange(count, device=x.device) * self.patch < prefix[:, None]).unsqueeze(2)
        h = self.into(torch.cat((patches, patches.abs()), -1)) + clean * self.known
        for block in self.blocks:
            h = block(h, shared, angles)
        scale, shift = self.last(conditioning)[:, None].chunk(2, -1)
        gain, offset = self.out(_normed(h) * (1 + scale) + shift).chunk(2, -1)
        t = t[:, None, None]
        usual = (2 * t - 1) / (t.square() + (1 - t).square())
        return ((usual + gain) * patches + offset).reshape(x.shape)

    def _conditioning(
        self, t: Tensor, rows: Tensor, begin: Tensor, size: Tensor | None, strengths: Tensor | None
    ) -> Tensor:
        """What modulates the blocks, ``(b, width)``."""
        total = self.time(_waves(t)) + self.label_table(rows) + self.begin_table(begin.long())
        if self.size is not None:
            total = total + self.size(untold(len(t), t.device) if size is None else size)
        if self.strength is not None:
            strengths = torch.ones_like(t) if strengths is None else strengths
            total = total + self.strength(strengths.log2()[:, None])
        return F.silu(total)


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
        h = h + gate * self._attend(_normed(h) * (1 + scale) + shift, angles)
        inner = F.gelu(self.inner(_normed(h) * (1 + scale2) + shift2))
        return h + gate2 * self.outer(inner)

    def _attend(self, h: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        q, k, v = self.queries(h).unflatten(2, (3, self._heads, -1)).permute(2, 0, 3, 1, 4)
        q, k = _turned(_unit(q), angles), _turned(_unit(k), angles)
        return self.mixed(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def _normed(h: Tensor) -> Tensor:
    return F.layer_norm(h, (int(h.shape[-1]),))  # a plain number, also where torch records what is done


def _unit(h: Tensor) -> Tensor:
    """Queries and keys of one size keep attention from growing without bound (Henry et al., 2020)."""
    return F.rms_norm(h, (int(h.shape[-1]),))


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
    guided: bool = Field(default=False, description="whether guidance is told to the network")
    guidance_interval: tuple[float, float] = Field(default=(0.0, 1.0), description="times between which guidance acts")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.window % self.patch:
            raise ValueError(f"a window of {self.window} frames is no multiple of the patch of {self.patch}")
        if not 0.0 <= self.guidance_interval[0] <= self.guidance_interval[1] <= 1.0:
            raise ValueError(f"guidance from time {self.guidance_interval[0]:g} to {self.guidance_interval[1]:g}")
        if self.width % (2 * self.heads):
            raise ValueError(f"a width of {self.width} can't be divided into {self.heads} heads of even size")
        return self

    def build(self, origin: Origin, info: PriorInfo | None = None) -> FlowPrior:
        return FlowPrior(self, origin, info)
