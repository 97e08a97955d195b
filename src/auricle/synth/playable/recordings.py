"""Recorded notes: which note at which velocity each file of a folder holds."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePath
from typing import final

import numpy as np

from auricle.audio import read
from auricle.data.scan import scan
from auricle.errors import DataError
from auricle.synth.harmonic.pitch import track_pitch
from auricle.synth.playable.note_names import HIGHEST, NamedNote, parse_file_name

_CHECKED = 15
_LONGEST_SECONDS = 4.0
_OCTAVE = 12


@final
@dataclass(frozen=True)
class RecordedNote:
    """A file that holds one note.

    Attributes:
        path: of the file.
        note: MIDI number.
        velocity: 1 to 127.
    """

    path: Path
    note: int
    velocity: int


def recorded_notes(folder: Path) -> tuple[RecordedNote, ...]:
    """The notes of a folder, by their files' names; where those name none, by their measured pitch.

    Files of the same note and velocity are takes of it; the first one counts. What has no note is left out.

    Raises:
        DataError: no folder of sounds, or no notes in it.
        MissingPackageError: the pitch tracker is not installed.
    """
    paths = {str(sound.path): sound.path for sound in scan(folder).sounds}
    notes = notes_of(tuple(paths), lambda name: measured_note(paths[name]))
    if not notes:
        raise DataError(f"{folder} holds no notes: name the files by their notes, as in piano-C4-mf.wav")
    first: dict[tuple[int, int], RecordedNote] = {}
    for name, (note, velocity) in notes.items():
        number = round(note)
        first.setdefault((number, velocity), RecordedNote(paths[name], number, velocity))
    return tuple(first.values())


def notes_of(names: Sequence[str], measure: Callable[[str], float | None]) -> dict[str, tuple[float, int]]:
    """Note and velocity of sounds by their names, which are paths; where none names a note, by their measured pitch.

    Some makers call middle C C3 or C5: the octave is the one that the pitch of a few sounds says. Without dynamics in
    its name a note has velocity 127.

    Args:
        names: of all sounds.
        measure: the pitch of a sound as a MIDI number with cents; None for none.
    """
    named = {name: note for name in names if (note := parse_file_name(PurePath(name).stem))}
    if not named:
        return {name: (note, HIGHEST) for name in names if (note := measure(name)) is not None}
    shift = _octave_shift(named, measure)
    layers = max((note.layer or 0 for note in named.values()), default=0)
    return {name: (note.note + shift, _velocity(note, layers)) for name, note in named.items()}


def _velocity(note: NamedNote, layers: int) -> int:
    return max(1, note.velocity or (round(HIGHEST * note.layer / layers) if note.layer else HIGHEST))


def measured_note(path: Path) -> float | None:
    """The note that a file's pitch is nearest to, as a MIDI number with cents; None without pitch."""
    return pitch_as_note(*read(path))


def pitch_as_note(audio: np.ndarray, sample_rate: int) -> float | None:
    """The pitch of a sound ``(c, t)``, of its first seconds, as a MIDI number with cents; None without pitch."""
    contour = track_pitch(audio[:, : round(_LONGEST_SECONDS * sample_rate)].mean(axis=0), sample_rate)
    return 69 + _OCTAVE * float(np.log2(contour.median() / 440.0)) if contour.pitched else None


def velocity_layers(dynamics: Iterable[int], low: int, high: int) -> tuple[tuple[int, int, int], ...]:
    """Recorded velocities, and the range ``(velocity, lowest, highest)`` of played ones that each is for."""
    velocities = sorted(set(dynamics))
    edges = [low, *((one + other) // 2 + 1 for one, other in pairwise(velocities)), high + 1]
    ranges = zip(velocities, pairwise(edges), strict=True)
    return tuple((v, max(low, start), min(high, end - 1)) for v, (start, end) in ranges if start <= high and end > low)


def _octave_shift(named: Mapping[str, NamedNote], measure: Callable[[str], float | None]) -> int:
    """Semitones, whole octaves, from what some names say to what is heard; 0 where that can't be told.

    Pitches of some registers of an instrument may be heard an octave off, so those that are measured lie evenly among
    all, and the octave is that of most of them.
    """
    names = sorted(named, key=lambda name: named[name].note)
    places = np.linspace(0, len(names) - 1, min(len(names), _CHECKED)).round().astype(int)
    measured = ((name, measure(name)) for name in (names[place] for place in places))
    octaves = Counter(round((note - named[name].note) / _OCTAVE) for name, note in measured if note is not None)
    return _OCTAVE * octaves.most_common(1)[0][0] if octaves else 0
