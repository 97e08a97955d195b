"""Sampling from a flow: integration from noise to latents, in windows that overlap.

A window's first frames are the last of the window before. A flow that was taught so is told that they are known, and
goes on from them. For another one they are put where they would be on their way from noise to data (as in inpainting
with diffusion, Lugmayr et al., 2022); this binds less, so more of them are taken. A sequence goes on for ever with the
memory of one window.

In a loop no window comes first: all are integrated together, and where they overlap their velocities are averaged at
each moment (Bar-Tal et al., "MultiDiffusion", 2023).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import final

import torch
from torch import Tensor

from auricle.synth.priors.flow import FlowPrior
from auricle.synth.sampling.base import Sampler, Taste

_OVERLAP_TOLD, _OVERLAP = 0.25, 0.5
"""Share of a window that it has in common with the one before."""
_Flow = Callable[[Tensor, float], Tensor]


@final
class FlowSampler(Sampler):
    """Draws from a flow."""

    def __init__(self, prior: FlowPrior):
        self._prior = prior
        self._told = prior.takes_known
        patches = max(1, round((_OVERLAP_TOLD if self._told else _OVERLAP) * prior.window / prior.patch))
        self._overlap = min(patches * prior.patch, prior.window - prior.patch)

    @property
    def seams(self) -> tuple[int, int]:
        """A window's new frames begin where those of the one before end."""
        return self._prior.window, self._prior.window - self._overlap

    @torch.inference_mode()
    def run(self, taste: Taste, random: Sequence[torch.Generator], past: Tensor | None = None) -> Iterator[Tensor]:
        """Window after window."""
        nothing = torch.zeros(len(random), 0, self._prior.features)
        known = nothing if past is None else past.expand(len(random), -1, -1)
        while True:
            known, begin = self._kept(known)
            noise = self._noise(random, self._prior.window, taste)
            x = self._integrated(taste, noise, known, noise, 0.0, begin=begin)
            yield x[:, known.shape[1] :]
            known = x

    @torch.inference_mode()
    def vary(self, taste: Taste, random: torch.Generator, x: Tensor, strength: float) -> Iterator[Tensor]:
        """Frames are put part of the way back to noise, and go on from there."""
        at, known, window = 0, x[None, :0], self._prior.window
        silence = self._prior.standardise(self._prior.silence)
        while at < len(x):
            known, begin = self._kept(known)
            fresh = x[at : at + window - known.shape[1]]
            rest = silence.expand(window - known.shape[1] - len(fresh), -1)
            noise = self._noise((random,), window, taste)
            start = torch.lerp(torch.cat((known[0], fresh, rest))[None], noise, strength)
            made = self._integrated(taste, noise, known, start, 1.0 - strength, begin=begin)
            yield made[:, known.shape[1] :][:, : len(fresh)]
            at += len(fresh)
            known = made

    @torch.inference_mode()
    def circle(self, taste: Taste, random: torch.Generator, frames: int) -> Tensor:
        """Windows all around, each half over the next. None of them begins a sound."""
        count = max(2, -(-2 * frames // self._prior.window))
        starts = torch.arange(count) * frames // count
        places = (starts[:, None] + torch.arange(self._prior.window)) % frames
        weight = torch.hann_window(self._prior.window + 2, periodic=False)[1:-1, None]
        total = torch.zeros(frames).index_add_(0, places.flatten(), weight.repeat(count, 1)[:, 0])

        def flow(x: Tensor, t: float) -> Tensor:
            parts = self._velocity(taste, x[0, places], t, begin=False) * weight
            return torch.zeros_like(x).index_add_(1, places.flatten(), parts.flatten(0, 1)[None]) / total[:, None]

        return _integral(flow, self._noise((random,), frames, taste), 0.0, taste.steps)

    def _kept(self, known: Tensor) -> tuple[Tensor, bool]:
        """The last of the known frames, as many as a window begins with, and whether they begin the sound."""
        keep = min(self._overlap, known.shape[1] // self._prior.patch * self._prior.patch)
        return known[:, known.shape[1] - keep :], keep == known.shape[1]

    def _noise(self, random: Sequence[torch.Generator], frames: int, taste: Taste) -> Tensor:
        draws = [torch.randn(frames, self._prior.features, generator=one) for one in random]
        return taste.temperature * torch.stack(draws)

    def _integrated(self, taste: Taste, noise: Tensor, known: Tensor, x: Tensor, t: float, *, begin: bool) -> Tensor:
        """A window from ``x`` at time ``t`` on, whose first frames end as ``known``."""
        size = known.shape[1]

        def flow(x: Tensor, t: float) -> Tensor:
            pinned = known if self._told else torch.lerp(noise[:, :size], known, t)
            return self._velocity(taste, torch.cat((pinned, x[:, size:]), 1), t, begin=begin, known=size)

        return torch.cat((known, _integral(flow, x, t, taste.steps)[:, size:]), 1)

    def _velocity(self, taste: Taste, x: Tensor, t: float, *, begin: bool, known: int = 0) -> Tensor:
        def each(value: float) -> Tensor:
            return torch.full((len(x),), value)

        told = {"known": each(known)} if self._told and known else {}
        return self._prior.velocity(x, each(t), each(taste.label), each(begin), guidance=taste.guidance, **told)


def _integral(flow: _Flow, x: Tensor, t: float, steps: int) -> Tensor:
    """From ``t`` to 1 by the midpoint rule."""
    step = (1.0 - t) / steps
    for index in range(steps if step else 0):
        now = t + index * step
        middle = x + 0.5 * step * flow(x, now)
        x = x + step * flow(middle, now + 0.5 * step)
    return x
