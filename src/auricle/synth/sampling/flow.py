"""Sampling from a flow: integration from noise to latents, in windows that overlap.

A window's first frames are the last of the window before. A flow that was taught so is told that they are known, and
goes on from them. For another one they are put where they would be on their way from noise to data (as in inpainting
with diffusion, Lugmayr et al., 2022); this binds less, so more of them are taken. A sequence goes on for ever with the
memory of one window.

Between two sounds the last window ends with frames that are known as well. No flow was taught that, so they are always
put where they would be on their way.

A flow that knows mean velocities goes from noise to data with one pass a step. In loops and in the last window between
two sounds, where something else acts on each window on its way, it takes steps of the midpoint rule as others do.

In a loop no window comes first: all are integrated together, and where they overlap their velocities are averaged at
each moment (Bar-Tal et al., "MultiDiffusion", 2023).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor

from auricle.options.synthesis import ResolvedSampling
from auricle.synth.priors.base import NO_CLASS
from auricle.synth.priors.flow import FlowPrior
from auricle.synth.priors.sizes import PAUSE_FRAMES, SoundSize
from auricle.synth.sampling.base import Sampler

_PREFIX_OVERLAP, _OVERLAP = 0.25, 0.5
"""Share of a window that it has in common with the one before."""
_STEPS, _EARLY_STEPS = 4, 3
_ROUNDING = 1e-3  # frames
_MEAN_STEPS, _MEAN_POWER = 3, 1.5
_Velocity = Callable[[Tensor, float], Tensor]
_MeanVelocity = Callable[[Tensor, float, float], Tensor]


@final
class FlowSampler(Sampler):
    """Draws from a flow.

    Args:
        prior: the flow.
        options: how to draw.
        label: number of a class, -1 for none.
    """

    def __init__(self, prior: FlowPrior, options: ResolvedSampling, label: int):
        super().__init__(options, label)
        self._prior = prior
        self._guidance = 1.0 if label == NO_CLASS else options.guidance  # without a class nothing can be exaggerated
        patches = max(1, round((_PREFIX_OVERLAP if prior.takes_prefix else _OVERLAP) * prior.window / prior.patch))
        self._overlap = min(patches * prior.patch, prior.window - prior.patch)

    @property
    def seams(self) -> tuple[int, int]:
        """A window's new frames begin where those of the one before end."""
        return self._prior.window, self._prior.window - self._overlap

    @torch.inference_mode()
    def sample(
        self, random: Sequence[torch.Generator], past: Tensor | None = None, sizes: Sequence[SoundSize] | None = None
    ) -> Iterator[Tensor]:
        """Window after window."""
        empty = torch.zeros(len(random), 0, self._prior.features)
        window = empty if past is None else past.expand(len(random), -1, -1)
        position = window.shape[1]
        while True:
            prefix, begin = self._prefix(window)
            noise = self._noise(random, self._prior.window if position else self._first_frames(sizes))
            size = self._remaining(sizes, position - prefix.shape[1])
            window = self._integrate_window(noise, (prefix, empty), noise, 0.0, begin=begin, size=size)
            position += window.shape[1] - prefix.shape[1]
            yield window[:, prefix.shape[1] :]

    @torch.inference_mode()
    def vary(
        self, random: torch.Generator, x: Tensor, strength: float, size: SoundSize | None = None
    ) -> Iterator[Tensor]:
        """Frames are put part of the way back to noise, and go on from there."""
        empty, position, frames = x[None, :0], 0, self._prior.window
        window = empty
        silence = self._prior.standardise(self._prior.silence)
        while position < len(x):
            prefix, begin = self._prefix(window)
            source = x[position : position + frames - prefix.shape[1]]
            padding = silence.expand(frames - prefix.shape[1] - len(source), -1)
            noise = self._noise((random,), frames)
            start = torch.lerp(torch.cat((prefix[0], source, padding))[None], noise, strength)
            remaining = self._remaining(size and (size,), position - prefix.shape[1])
            ends = prefix, empty
            window = self._integrate_window(noise, ends, start, 1.0 - strength, begin=begin, size=remaining)
            yield window[:, prefix.shape[1] :][:, : len(source)]
            position += len(source)

    @torch.inference_mode()
    def sample_loop(self, random: torch.Generator, frames: int, size: SoundSize | None = None) -> Tensor:
        """Windows all around, each half over the next. None of them begins a sound."""
        count = max(2, -(-2 * frames // self._prior.window))
        starts = torch.arange(count) * frames // count
        places = (starts[:, None] + torch.arange(self._prior.window)) % frames
        weight = torch.hann_window(self._prior.window + 2, periodic=False)[1:-1, None]
        total = torch.zeros(frames).index_add_(0, places.flatten(), weight.repeat(count, 1)[:, 0])
        remaining = self._remaining(size and (size,) * count, 0)

        def velocity(x: Tensor, t: float) -> Tensor:
            parts = self._velocity(x[0, places], t, begin=False, size=remaining) * weight
            return torch.zeros_like(x).index_add_(1, places.flatten(), parts.flatten(0, 1)[None]) / total[:, None]

        return self._integrate(velocity, self._noise((random,), frames), 0.0)

    @torch.inference_mode()
    def fill(
        self,
        random: torch.Generator,
        sides: tuple[Tensor, Tensor],
        x: Tensor,
        strength: float,
        size: SoundSize | None = None,
    ) -> Tensor:
        """Windows of about the same length, of which the last is told what comes behind."""
        (past, future), filled = sides, [x[None, :0]]
        window, missing = past[None], len(x)
        while missing:
            prefix, begin = self._prefix(window)
            before, room = prefix.shape[1], self._prior.window - prefix.shape[1]
            count = missing // ceil(missing / (room - min(self._overlap, room // 2)))
            ahead = future[None, : room - count if count == missing else 0]
            ahead = ahead[:, : ahead.shape[1] - (before + count + ahead.shape[1]) % self._prior.patch]
            guess = torch.cat((prefix, x[None, len(x) - missing :][:, :count], ahead), 1)
            guess = F.pad(guess, (0, 0, 0, -guess.shape[1] % self._prior.patch))
            noise = self._noise((random,), guess.shape[1])
            start = torch.lerp(guess, noise, strength)
            remaining = self._remaining(size and (size,), len(past) + len(x) - missing - before)
            ends = prefix, ahead
            window = self._integrate_window(noise, ends, start, 1.0 - strength, begin=begin, size=remaining)
            window = window[:, : before + count]
            filled.append(window[:, before:])
            missing -= count
        return torch.cat(filled, 1)

    def _first_frames(self, sizes: Sequence[SoundSize] | None) -> int:
        """Frames of the first window: no more than the longest of the sounds takes."""
        prior = self._prior
        if not sizes:
            return prior.window
        needed = ceil(max(size.seconds for size in sizes) * prior.frame_rate - _ROUNDING) + PAUSE_FRAMES
        return min(prior.window, -(-needed // prior.patch) * prior.patch)

    def _remaining(self, sizes: Sequence[SoundSize] | None, position: int) -> Tensor | None:
        """What a window is told that begins at frame ``position`` of the sounds: ``(b, 2)``, of notes ``(b, 4)``."""
        if not sizes:
            return None
        remaining = torch.tensor(sizes)[:, : self._prior.config.size_columns]
        remaining[:, 0] = (remaining[:, 0] - position / self._prior.frame_rate).clamp(min=0.0)
        return remaining

    def _prefix(self, window: Tensor) -> tuple[Tensor, bool]:
        """A window's last frames, as many as the next one begins with, and whether they begin the sound."""
        size = min(self._overlap, window.shape[1] // self._prior.patch * self._prior.patch)
        return window[:, window.shape[1] - size :], size == window.shape[1]

    def _noise(self, random: Sequence[torch.Generator], frames: int) -> Tensor:
        draws = [torch.randn(frames, self._prior.features, generator=generator) for generator in random]
        return self._options.temperature * torch.stack(draws)

    def _integrate_window(
        self, noise: Tensor, ends: tuple[Tensor, Tensor], x: Tensor, t: float, *, begin: bool, size: Tensor | None
    ) -> Tensor:
        """A window from ``x`` at time ``t`` on, whose first and last frames end as those that are known."""
        prefix, ahead = ends
        first, last = prefix.shape[1], x.shape[1] - ahead.shape[1]

        def velocity(x: Tensor, t: float, span: float = 0.0) -> Tensor:
            pinned = prefix if self._prior.takes_prefix else torch.lerp(noise[:, :first], prefix, t)
            pinned_end = torch.lerp(noise[:, last:], ahead, t)
            x = torch.cat((pinned, x[:, first:last], pinned_end), 1)
            return self._velocity(x, t, begin=begin, prefix=first, size=size, span=span)

        takes_means = self._prior.has_mean_velocities and not ahead.shape[1]
        x = self._integrate_means(velocity, x, t) if takes_means else self._integrate(velocity, x, t)
        return torch.cat((prefix, x[:, first:last], ahead), 1)

    def _velocity(
        self,
        x: Tensor,
        t: float,
        *,
        begin: bool,
        prefix: int = 0,
        size: Tensor | None = None,
        span: float = 0.0,
    ) -> Tensor:
        def rows(value: float) -> Tensor:
            return torch.full((len(x),), value)

        options = {"prefix": rows(prefix)} if self._prior.takes_prefix and prefix else {}
        options |= {} if size is None else {"size": size}
        options |= {"span": rows(span)} if span else {}
        return self._prior.velocity(x, rows(t), rows(self._label), rows(begin), guidance=self._guidance, **options)

    def _integrate(self, velocity: _Velocity, x: Tensor, t: float) -> Tensor:
        """From ``t`` to 1 by the midpoint rule, with short steps at first where the way bends there."""
        few, power = (_EARLY_STEPS, 2.0) if self._prior.bends_early else (_STEPS, 1.0)
        for now, then in self._steps(t, few, power):
            middle = x + 0.5 * (then - now) * velocity(x, now)
            x = x + (then - now) * velocity(middle, now + 0.5 * (then - now))
        return x

    def _integrate_means(self, velocity: _MeanVelocity, x: Tensor, t: float) -> Tensor:
        """From ``t`` to 1 by mean velocities, one pass a step."""
        for now, then in self._steps(t, _MEAN_STEPS, _MEAN_POWER):
            x = x + (then - now) * velocity(x, now, then - now)
        return x

    def _steps(self, t: float, few: int, power: float) -> Iterator[tuple[float, float]]:
        """Times between which to step from ``t`` to 1: ``few`` steps unless so many are asked for."""
        steps = (self._options.steps or few) if t < 1.0 else 0
        return pairwise(t + (1.0 - t) * (index / max(1, steps)) ** power for index in range(steps + 1))
