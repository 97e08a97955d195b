"""Sounds that were never recorded: what the priors in the package make."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import final

import numpy as np

from auricle.options.synthesis import GenerationOptions, NoteOptions, SamplingOptions
from auricle.synth.generate import generate
from auricle.synth.playable.note_names import note_name
from auricle.synth.playable.prior_instrument import PriorInstrument
from auricle.synth.priors.file import load_prior, shipped_priors
from auricle.synth.priors.loading import load_prior_and_model

_EACH = 2
_GUIDANCE = 2.0
_SEED = 2
_TUNE = ((57, 0.35), (61, 0.35), (64, 0.35), (69, 0.35), (68, 0.35), (64, 0.35), (62, 0.35), (57, 1.4))
"""Notes, as MIDI has them, and seconds."""
_VELOCITY, _FADE_SECONDS = 96, 0.03


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
    """Two sounds of each class of every prior in the package, a tune of those that know notes; always the same on the
    same machine.

    Without swift-f0, which measures what a note is off, there is no tune.
    """
    return tuple(sound for name in shipped_priors() for sound in _of_prior(name))


def _of_prior(name: str) -> list[GeneratedSound]:
    prior = load_prior(name)
    if prior.config.notes:
        if find_spec("swift_f0") is None:
            return []
        return [_tune(name, label) for label in prior.classes or (None,)]
    generated = []
    for label in prior.classes or (None,):
        sounds = generate(prior, GenerationOptions(label, count=_EACH, seed=_SEED), sampling=SamplingOptions(_GUIDANCE))
        for number, sound in enumerate(sounds.sounds, start=1):
            assert sound.audio is not None
            generated.append(GeneratedSound(name, label or name, number, sound.audio, sounds.sample_rate))
    return generated


def _tune(name: str, label: str | None) -> GeneratedSound:
    """Some notes, one after the other."""
    networks = load_prior_and_model(name, None)
    pieces = []
    for note, seconds in _TUNE:
        options = NoteOptions(note_name(note), label=label, seconds=seconds, seed=_SEED)
        instrument = PriorInstrument(networks, options, SamplingOptions())
        audio, _ = instrument.note(note, _VELOCITY)
        fade = np.minimum(1.0, np.arange(audio.shape[1])[::-1] / (_FADE_SECONDS * instrument.native[0]))
        pieces.append(audio * fade.astype(np.float32))
    return GeneratedSound(
        name, f"{name}, {label}" if label else name, 1, np.concatenate(pieces, 1), networks.prior.sample_rate
    )
