"""From random numbers to frames: what samplers of all kinds of priors offer."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from auricle.options.synthesis import ResolvedSampling
from auricle.synth.priors.sizes import SoundSize


class Sampler(ABC):
    """Draws sequences of standardised frames from a prior.

    Args:
        options: how to draw.
        label: number of a class, -1 for none.
    """

    def __init__(self, options: ResolvedSampling, label: int):
        self._options, self._label = options, label

    @abstractmethod
    def sample(
        self, random: Sequence[torch.Generator], past: Tensor | None = None, sizes: Sequence[SoundSize] | None = None
    ) -> Iterator[Tensor]:
        """Sequences without end, side by side, in pieces ``(b, n, features)``; take as many as you need.

        The first piece holds all of the sounds of ``sizes``, if they fit into a window.

        Args:
            random: where the numbers of each sequence come from.
            past: frames ``(n, features)`` to go on from, all of a sound from its beginning; they are not repeated.
            sizes: how long and how loud each sound is in all; None tells a prior nothing.
        """

    @abstractmethod
    def vary(
        self, random: torch.Generator, x: Tensor, strength: float, size: SoundSize | None = None
    ) -> Iterator[Tensor]:
        """A variation of frames ``(n, features)``, as many, in pieces ``(1, m, features)``.

        Strength 0 changes nothing, 1 everything.

        Raises:
            ModelError: this kind of prior can't.
        """

    @abstractmethod
    def sample_loop(self, random: torch.Generator, frames: int, size: SoundSize | None = None) -> Tensor:
        """Frames ``(1, frames, features)`` of which the last goes on to the first.

        Raises:
            ModelError: this kind of prior can't.
        """

    @abstractmethod
    def fill(
        self,
        random: torch.Generator,
        sides: tuple[Tensor, Tensor],
        x: Tensor,
        strength: float,
        size: SoundSize | None = None,
    ) -> Tensor:
        """Frames that lie between others, as many as those of a guess, ``(1, n, features)``.

        Args:
            random: where the numbers come from.
            sides: frames ``(m, features)`` that are before them, and those that are behind them, two or more.
            x: the guess, ``(n, features)``.
            strength: how far from the guess they are, 0 (not at all) to 1 (the guess is not looked at).
            size: how long and how loud all of it is together, from the first frame before them on.

        Raises:
            ModelError: this kind of prior can't.
        """

    @property
    @abstractmethod
    def seams(self) -> tuple[int, int]:
        """Frames before the first place where parts of a sequence meet, and between two such places; 0 for none."""


def randomness(seed: int, index: int, attempt: int = 0) -> torch.Generator:
    """The random numbers of sound ``index``: they depend on nothing but the seed, the index and how often it was drawn
    before."""
    entropy = (seed, index, attempt) if attempt else (seed, index)
    state = np.random.SeedSequence(entropy).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]) >> 1)
