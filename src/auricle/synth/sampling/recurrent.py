"""Sampling from a recurrent prior, frame by frame."""

from collections.abc import Iterator, Sequence
from typing import final

import torch
from torch import Tensor

from auricle.errors import ModelError
from auricle.options.synthesis import ResolvedSampling
from auricle.synth.priors.recurrent import RecurrentPrior
from auricle.synth.priors.sizes import SoundSize
from auricle.synth.sampling.base import Sampler

_PIECE = 8


@final
class RecurrentSampler(Sampler):
    def __init__(self, prior: RecurrentPrior, options: ResolvedSampling, label: int):
        super().__init__(options, label)
        self._prior = prior

    @property
    def seams(self) -> tuple[int, int]:
        return 0, 0

    @torch.inference_mode()
    def sample(
        self, random: Sequence[torch.Generator], past: Tensor | None = None, sizes: Sequence[SoundSize] | None = None
    ) -> Iterator[Tensor]:
        """Eight frames at a time."""
        prior, size = self._prior, len(random)
        state = prior.initial_state(torch.full((size,), self._label), torch.ones(size, dtype=torch.bool))
        before = torch.zeros(size, 1, prior.features)
        if past is not None and len(past):
            past = past.expand(size, -1, -1)
            state, before = prior.warm(past, state), past[:, -1:]
        while True:
            frames = []
            for _ in range(_PIECE):
                noise = prior.draw(random, prior.features)
                before, state = prior.step(before, state, noise, temperature=self._options.temperature)
                frames.append(before)
            yield torch.cat(frames, 1)

    def vary(
        self, random: torch.Generator, x: Tensor, strength: float, size: SoundSize | None = None
    ) -> Iterator[Tensor]:
        raise ModelError(self._refusal("vary a sound (--like)"))

    def sample_loop(self, random: torch.Generator, frames: int, size: SoundSize | None = None) -> Tensor:
        raise ModelError(self._refusal("make loops"))

    def fill(
        self,
        random: torch.Generator,
        sides: tuple[Tensor, Tensor],
        x: Tensor,
        strength: float,
        size: SoundSize | None = None,
    ) -> Tensor:
        raise ModelError(self._refusal("fill a gap (--between)"))

    def _refusal(self, task: str) -> str:
        return f"the recurrent prior {self._prior.info.name!r} can't {task}: it knows only what came before, use a flow"
