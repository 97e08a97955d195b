"""From random numbers to frames: what samplers of all kinds of priors offer."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.errors import OptionError
from auricle.synth.priors.base import NO_CLASS, Prior

MOST_STEPS = 1000
MOST_SEED = 2**63 - 1


@final
@dataclass(frozen=True)
class Taste:
    """How to draw.

    Attributes:
        label: number of a class, -1 for none.
        guidance: how much the class is exaggerated; 1 is as learned.
        steps: of the integration from noise to latents; each takes two passes of the network.
        temperature: spread of the random numbers; 1 is as learned, less is more typical and less varied.
    """

    label: int = NO_CLASS
    guidance: float = 1.0
    steps: int = 4
    temperature: float = 1.0

    @staticmethod
    def of(prior: Prior, label: str | None, guidance: float, steps: int, temperature: float) -> "Taste":
        """A taste for a class by its name; without a class there is nothing to exaggerate.

        Raises:
            OptionError: an unknown class, or a number is out of range.
        """
        taste = Taste(prior.label(label), guidance, steps, temperature)
        return taste if label is not None else replace(taste, guidance=1.0)

    def __post_init__(self) -> None:
        """Refuse what is out of range.

        Raises:
            OptionError: a number is out of range.
        """
        if not 0 <= self.guidance <= 100:
            raise OptionError(f"guidance {self.guidance:g}: give 0 to 100, 1 is as learned")
        if not 1 <= self.steps <= MOST_STEPS:
            raise OptionError(f"{self.steps} steps: give 1 to {MOST_STEPS}")
        if not 0 <= self.temperature <= 10:
            raise OptionError(f"temperature {self.temperature:g}: give 0 to 10, 1 is as learned")


class Sampler(ABC):
    """Draws sequences of standardised frames from a prior."""

    @abstractmethod
    def run(self, taste: Taste, random: Sequence[torch.Generator], past: Tensor | None = None) -> Iterator[Tensor]:
        """Sequences without end, side by side, in pieces ``(b, n, features)``; take as many as you need.

        Args:
            taste: how to draw.
            random: where the numbers of each sequence come from.
            past: frames ``(n, features)`` to go on from, all of a sound from its beginning; they are not given again.
        """

    @abstractmethod
    def vary(self, taste: Taste, random: torch.Generator, x: Tensor, strength: float) -> Iterator[Tensor]:
        """A variation of frames ``(n, features)``, as many, in pieces ``(1, m, features)``.

        Strength 0 changes nothing, 1 everything.

        Raises:
            ModelError: this kind of prior can't.
        """

    @abstractmethod
    def circle(self, taste: Taste, random: torch.Generator, frames: int) -> Tensor:
        """Frames ``(1, frames, features)`` of which the last goes on to the first.

        Raises:
            ModelError: this kind of prior can't.
        """

    @property
    @abstractmethod
    def seams(self) -> tuple[int, int]:
        """Frames before the first place where parts of a sequence meet, and between two such places; 0 for none."""


def randomness(seed: int, index: int) -> torch.Generator:
    """The random numbers of sound ``index``: they depend on nothing but the two.

    Raises:
        OptionError: the seed is negative or too large.
    """
    if not 0 <= seed <= MOST_SEED:
        raise OptionError(f"seed {seed}: give 0 to {MOST_SEED}")
    state = np.random.SeedSequence((seed, index)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]) >> 1)
