"""Sounds that were never recorded: what the priors in the package make."""

from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.synth.generate import generate
from auricle.synth.priors.file import load_prior, shipped_priors

_EACH = 2
_GUIDANCE = 2.0
_SEED = 2


@final
@dataclass(frozen=True, eq=False)
class GeneratedSound:
    """A sound that a prior made.

    Attributes:
        prior: its name.
        label: the class that was asked for, or the prior's name where it knows none.
        number: from 1, within its class.
        audio: float32 ``(c, t)``.
        sample_rate: in Hz.
    """

    prior: str
    label: str
    number: int
    audio: np.ndarray
    sample_rate: int

    @property
    def title(self) -> str:
        """For the page and the file."""
        return f"{self.label} {self.number}"


def generate_sounds() -> tuple[GeneratedSound, ...]:
    """Two sounds of each class of every prior in the package; always the same on the same machine."""
    return tuple(sound for name in shipped_priors() for sound in _of_prior(name))


def _of_prior(name: str) -> list[GeneratedSound]:
    prior = load_prior(name)
    generated = []
    for label in prior.classes or (None,):
        sounds = generate(prior, GenerationOptions(label, count=_EACH, seed=_SEED), sampling=SamplingOptions(_GUIDANCE))
        for number, sound in enumerate(sounds.sounds, start=1):
            assert sound.audio is not None
            generated.append(GeneratedSound(name, label or name, number, sound.audio, sounds.sample_rate))
    return generated
