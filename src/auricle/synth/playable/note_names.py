"""Names of notes and dynamics: ``C4``, ``f#3``, ``060-C4-FF``, ``e4_mf_rr1``, ``A2v16``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from auricle.errors import OptionError

_STEPS: Mapping[str, int] = MappingProxyType({"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11})
_NAMES = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")
_DYNAMICS: Mapping[str, int] = MappingProxyType(
    {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 127}
)
"""Velocities of dynamics, as MIDI files by notation programs have them."""
_NOTE = re.compile(r"([a-g])(#|b)?(-?\d)(?:v(\d{1,3}))?", re.IGNORECASE)
_LAYER = re.compile(r"v(?:el|l)?(\d{1,3})", re.IGNORECASE)
HIGHEST = 127


@final
@dataclass(frozen=True)
class NamedNote:
    """What a file's name says.

    Attributes:
        note: MIDI number, 60 for C4.
        velocity: 1 to 127; None where the name tells no dynamics.
        layer: number of a velocity layer, such as 16 of ``A2v16``, whose velocity depends on how many there are.
    """

    note: int
    velocity: int | None = None
    layer: int | None = None


def parse_file_name(stem: str) -> NamedNote | None:
    """The last note in a name, and its dynamics; None where there is no note."""
    tokens = re.split(r"[\s_.\-]+", stem)
    notes = [match for token in tokens if (match := _NOTE.fullmatch(token))]
    if not notes:
        return None
    dynamics = [_DYNAMICS[token.lower()] for token in tokens if token.lower() in _DYNAMICS]
    layers = [int(match[1]) for token in tokens if (match := _LAYER.fullmatch(token))]
    if notes[-1][4]:
        layers.append(int(notes[-1][4]))
    number = _number(notes[-1])
    if not 0 <= number <= HIGHEST:
        return None
    return NamedNote(number, dynamics[-1] if dynamics else None, layers[-1] if layers else None)


def parse_notes(text: str) -> tuple[int, ...]:
    """MIDI numbers of ``C3..C5``, ``C3,E3,G3`` or ``36..48,C5``, in order, none twice.

    Raises:
        OptionError: what is no note, or a range that goes down.
    """
    notes: list[int] = []
    for part in text.split(","):
        if " " in part.strip() and ".." not in part:
            raise OptionError(f"notes {part.strip()!r}: put commas between them, as C4,E4")
        first, dots, last = part.partition("..")
        low, high = parse_note(first), parse_note(last if dots else first)
        if low > high:
            raise OptionError(f"notes {part.strip()!r} go down: name the lower one first")
        notes.extend(range(low, high + 1))
    return tuple(dict.fromkeys(notes))


def parse_velocities(text: str) -> tuple[int, int]:
    """Lowest and highest velocity of ``1..127`` or ``96``.

    Raises:
        OptionError: no number from 1 to 127, or a range that goes down.
    """
    first, dots, last = text.partition("..")
    if not (first.strip().isdigit() and (last if dots else first).strip().isdigit()):
        raise OptionError(f"velocity {text!r}: give a number from 1 to 127, or a range such as 1..127")
    low, high = int(first), int(last if dots else first)
    if not 1 <= low <= high <= HIGHEST:
        raise OptionError(f"velocity {text!r}: give a number from 1 to 127, or a range such as 1..127")
    return low, high


def note_name(note: int) -> str:
    """``c4`` of 60."""
    return f"{_NAMES[note % 12]}{note // 12 - 1}"


def note_hertz(note: float) -> float:
    """Equal temperament, A4 at 440 Hz."""
    return 440.0 * 2 ** ((note - 69) / 12)


def parse_note(text: str) -> int:
    """MIDI number of ``C4``, ``f#3`` or ``60``.

    Raises:
        OptionError: it is no note.
    """
    match = _NOTE.fullmatch(text.strip())
    number = int(text) if text.strip().isdigit() else (_number(match) if match and not match[4] else -1)
    if not 0 <= number <= HIGHEST:
        raise OptionError(f"no note {text.strip()!r}: name one as C4 or f#3, or its MIDI number from 0 to {HIGHEST}")
    return number


def _number(match: re.Match[str]) -> int:
    sign = {"#": 1, "b": -1}.get((match[2] or "").lower(), 0)
    return 12 * (int(match[3]) + 1) + _STEPS[match[1].lower()] + sign
