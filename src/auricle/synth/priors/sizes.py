"""How long and how loud sounds are: the table of those that a prior learned from, and how its network is told."""

import math
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from auricle.synth.priors.notes import RequestedNote, value_features

PAUSE_FRAMES = 4
"""Frames after a sound's end that belong to what is learned of it."""
NO_NOTE = -1.0
"""Note and velocity, in a table, of a sound that is no note."""
_NEAR_NOTES = 5
_STRUCK_SECONDS = 0.02
"""A class is one of hits if most of its sounds rise within this: others swell, or have several beginnings."""
_WAVES = 6
_LEVEL_UNIT, _QUIETEST_DB, _LOUDEST_DB = 24.0, -72.0, 12.0


class SoundSize(NamedTuple):
    """One sound's length up to its last audible sample, and its largest sample in dB below full scale.

    Of a note, which is learned and made at another pitch, the length is that at this pitch; NaN is no note. The attack
    is in seconds, NaN where it is not known or the sound is no hit.
    """

    seconds: float
    level_db: float
    note: float = math.nan
    velocity: float = math.nan
    attack: float = math.nan


def draw_size(table: Tensor, label: int, random: torch.Generator) -> SoundSize:
    """The size of a random sound of a class, of any for -1, out of a table ``(k, 3 to 5)``.

    Its columns are class, seconds, level in dB, and either the attack in seconds or note and velocity, `NO_NOTE` for
    none.
    """
    rows = _rows_of(table, label)
    seconds, level_db, *others = rows[int(torch.randint(len(rows), (), generator=random)), 1:].tolist()
    if len(others) == 1:
        is_hit = float(rows[:, 3].median()) <= _STRUCK_SECONDS
        return SoundSize(seconds, level_db, attack=others[0]) if is_hit else SoundSize(seconds, level_db)
    return SoundSize(seconds, level_db, *others) if others and others[0] >= 0 else SoundSize(seconds, level_db)


def learned_seconds(table: Tensor, label: int) -> float:
    """Median length of the sounds of a class, of all for -1, in a table as in `draw_size`."""
    return float(_rows_of(table, label)[:, 1].median())


def shortest_seconds(table: Tensor, label: int) -> float:
    """Length of the shortest sound of a class, of all for -1, in a table as in `draw_size`."""
    return float(_rows_of(table, label)[:, 1].min())


def note_size(table: Tensor, label: int, note: RequestedNote, random: torch.Generator) -> SoundSize:
    """The size of a note: the length of one of those nearest to it, of the nearest velocity, and the median level.

    Args:
        table: ``(k, 5)`` as in `draw_size`.
        label: of the class, -1 for any.
        note: that is asked for.
        random: draws the length.
    """
    rows = _rows_of(table, label)
    notes = rows[rows[:, 3] >= 0]
    velocity_distance = (notes[:, 4] - note.velocity).abs()
    layer = notes[velocity_distance <= velocity_distance.min()] if len(notes) else rows
    nearest = layer[(layer[:, 3] - note.note).abs().argsort(stable=True)[:_NEAR_NOTES]]
    row = nearest[int(torch.randint(len(nearest), (), generator=random))]
    return SoundSize(float(row[1]), float(nearest[:, 2].median()), *note)


def learned_notes(table: Tensor) -> tuple[int, int, tuple[int, ...]]:
    """Lowest and highest note, and velocities, of a table with notes."""
    notes = table[table[:, 3] >= 0][:, 3:]
    velocities = tuple(sorted({round(velocity) for velocity in notes[:, 1].tolist()}))
    return round(float(notes[:, 0].min())), round(float(notes[:, 0].max())), velocities


def _rows_of(table: Tensor, label: int) -> Tensor:
    """Those of a class; all where there is none."""
    rows = table[table[:, 0] == label] if label >= 0 else table
    return rows if len(rows) else table


@final
class SizeEmbedding(nn.Module):
    """Sizes ``(b, 2)`` as features ``(b, width)``: seconds that are left of a sound, and its level in dB.

    NaN stands for what is not told. Seconds count as the share of a window, and all beyond two windows are the same.

    Args:
        width: features.
        window_seconds: of a window.
    """

    def __init__(self, width: int, window_seconds: float):
        super().__init__()
        self._window_seconds = window_seconds
        self.inner = nn.Linear(2 * (2 * _WAVES + 2), width)
        self.outer = nn.Linear(width, width)

    def forward(self, size: Tensor) -> Tensor:
        shares = (size[:, 0] / self._window_seconds).clamp(0.0, 2.0)
        levels = size[:, 1].clamp(_QUIETEST_DB, _LOUDEST_DB) / _LEVEL_UNIT
        values = torch.stack(((shares + 0.02).log2() / 4, levels), 1)
        return self.outer(nn.functional.silu(self.inner(value_features(values, _WAVES))))


def unspecified_sizes(count: int, device: torch.device | None = None) -> Tensor:
    """Sizes ``(b, 4)`` of which nothing is told."""
    return torch.full((count, 4), math.nan, device=device)
