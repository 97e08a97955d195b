"""Recorded notes: which note at which velocity each file of a folder holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import read
from auricle.data.scan import scan
from auricle.errors import DataError
from auricle.synth.harmonic.pitch import track_pitch
from auricle.synth.playable.note_names import HIGHEST, NamedNote, parse_file_name

_CHECKED = 6
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

    Some makers call middle C C3 or C5: the octave is the one that the pitch of a few files says. Files of the same note
    and velocity are takes of it; the first one counts. Without dynamics in its name a note has velocity 127.

    Raises:
        DataError: no folder of sounds, or no notes in it.
        MissingPackageError: the pitch tracker is not installed.
    """
    paths = [sound.path for sound in scan(folder).sounds]
    named = {path: note for path in paths if (note := parse_file_name(path.stem))}
    if not named:
        named = {path: NamedNote(round(note)) for path in paths if (note := measured_note(path))}
    elif shift := _octave_shift(named):
        named = {path: NamedNote(note.note + shift, note.velocity, note.layer) for path, note in named.items()}
    if not named:
        raise DataError(f"{folder} holds no notes: name the files by their notes, as in piano-C4-mf.wav")
    layers = max((note.layer or 0 for note in named.values()), default=0)
    first: dict[tuple[int, int], RecordedNote] = {}
    for path, note in named.items():
        velocity = note.velocity or (round(HIGHEST * note.layer / layers) if note.layer else HIGHEST)
        first.setdefault((note.note, max(1, velocity)), RecordedNote(path, note.note, max(1, velocity)))
    return tuple(first.values())


def measured_note(path: Path) -> float | None:
    """The note that a file's pitch is nearest to, as a MIDI number with cents; None without pitch."""
    audio, sample_rate = read(path)
    contour = track_pitch(audio[:, : round(_LONGEST_SECONDS * sample_rate)].mean(axis=0), sample_rate)
    return 69 + _OCTAVE * float(np.log2(contour.median() / 440.0)) if contour.pitched else None


def velocity_layers(notes: Sequence[RecordedNote], low: int, high: int) -> tuple[tuple[int, int, int], ...]:
    """Recorded velocities, and the range ``(velocity, lowest, highest)`` of played ones that each is for."""
    velocities = sorted({note.velocity for note in notes})
    edges = [low, *((one + other) // 2 + 1 for one, other in pairwise(velocities)), high + 1]
    ranges = zip(velocities, pairwise(edges), strict=True)
    return tuple((v, max(low, start), min(high, end - 1)) for v, (start, end) in ranges if start <= high and end > low)


def _octave_shift(named: dict[Path, NamedNote]) -> int:
    """Semitones, whole octaves, from what a few names say to what is heard; 0 where that can't be told."""
    paths = sorted(named, key=lambda path: abs(named[path].note - 60))[:_CHECKED]
    measured = ((path, measured_note(path)) for path in paths)
    octaves = [round((note - named[path].note) / _OCTAVE) for path, note in measured if note is not None]
    return _OCTAVE * round(float(np.median(octaves))) if octaves else 0
