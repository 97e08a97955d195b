"""Notes that a prior is told, and the pitch at which it learns and makes them.

A prior makes frames, and a tone whose period does not divide a frame has other phases, so other latents, in each. So
notes are learned at a pitch of which each frame holds a whole number of periods (each second or fourth one, of the
lowest): there a steady tone is nearly one frame that is repeated. What is made is resampled to the pitch asked for.
"""

import math
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from auricle.synth.playable.note_names import note_hertz

_LOWEST_RATIO = 0.84
"""Least ratio of a note's pitch to that at which it is learned; the largest is twice that. Below 1 the highest
frequencies are lost, above 1.7 much of what a model can hold is wasted."""
_LOWEST_OCTAVE, _HIGHEST_OCTAVE = -2, 7
_WAVES = 3
_MIDDLE, _UNIT = 60.0, 24.0
_LOUDEST = 127.0


class RequestedNote(NamedTuple):
    """A note as MIDI has it: number, 60 for C4, with cents as a fraction; and velocity, 1 to 127."""

    note: float
    velocity: float


def hertz_note(hertz: float) -> float:
    """The MIDI number of a pitch, with cents as a fraction."""
    return 69 + 12 * math.log2(hertz / 440.0)


def locked_hertz(hertz: float, frame_rate: float) -> float:
    """The pitch at which a note is learned: the frame rate times a power of 2, .84 to 1.68 times below the note's."""
    return frame_rate * 2.0 ** _octave(hertz, frame_rate)


def playing_ratio(note: float, frame_rate: float) -> float:
    """By how much faster than it was learned a note is played; 1 for NaN, which is no note."""
    return 1.0 if math.isnan(note) else note_hertz(note) / locked_hertz(note_hertz(note), frame_rate)


def _octave(hertz: float, frame_rate: float) -> int:
    return min(max(math.floor(math.log2(hertz / frame_rate / _LOWEST_RATIO)), _LOWEST_OCTAVE), _HIGHEST_OCTAVE)


@final
class NoteEmbedding(nn.Module):
    """Notes and velocities ``(b, 2)`` as features ``(b, width)``; NaN stands for what is not told.

    Args:
        width: features.
        frame_rate: in Hz.
    """

    def __init__(self, width: int, frame_rate: float):
        super().__init__()
        self._lowest = hertz_note(frame_rate * _LOWEST_RATIO)
        self.octave = nn.Embedding(_HIGHEST_OCTAVE - _LOWEST_OCTAVE + 2, width)
        self.inner = nn.Linear(2 * (2 * _WAVES + 2), width)
        self.outer = nn.Linear(width, width)
        nn.init.normal_(self.octave.weight, std=0.02 * math.sqrt(width))

    def forward(self, notes: Tensor) -> Tensor:
        values = torch.stack(((notes[:, 0] - _MIDDLE) / _UNIT, notes[:, 1] / _LOUDEST), 1)
        octave = ((notes[:, 0] - self._lowest) / 12).floor().clamp(_LOWEST_OCTAVE, _HIGHEST_OCTAVE) - _LOWEST_OCTAVE
        octave = torch.where(~values[:, 0].isnan(), octave + 1, 0).nan_to_num(0.0).long()
        inner = self.inner(value_features(values, _WAVES))
        return self.outer(nn.functional.silu(inner + self.octave(octave)))


def value_features(values: Tensor, waves: int) -> Tensor:
    """Features ``(b, v * (2 * waves + 2))`` of values ``(b, v)``, where NaN stands for what is not told: cosines
    and sines of octaves of the value, the value, and whether there is one."""
    is_specified = ~values.isnan()[:, :, None]
    values = values.nan_to_num(0.0)[:, :, None]
    phases = math.pi / 2 * values * 2.0 ** torch.arange(waves, device=values.device)
    features = torch.cat((phases.cos(), phases.sin(), values), 2) * is_specified
    return torch.cat((features, is_specified.to(features.dtype)), 2).flatten(1)
