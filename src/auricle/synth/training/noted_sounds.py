"""The notes of a corpus, at the pitches at which they are learned."""

import csv
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, final

import numpy as np

from auricle.data import DecodedSounds
from auricle.data.cached_sounds import CachedSounds
from auricle.data.checksum import ChecksummedFile
from auricle.data.decoded import stored_samples
from auricle.data.labels import delimiter_of
from auricle.data.row_cache import SoundRows
from auricle.errors import DataError, OptionError
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.harmonic.locking import locked_note
from auricle.synth.playable.note_names import HIGHEST, note_hertz, parse_note
from auricle.synth.playable.recordings import notes_of, pitch_as_note
from auricle.synth.priors.notes import hertz_note

_VERSION = 1
_NotesByName = Mapping[str, tuple[float, int]]


@final
class NotedSounds(CachedSounds):
    """Sounds of which notes are put to pitches of which a model's frames hold whole numbers of periods.

    What has no pitch, or no note, is left as it is.

    Attributes:
        sample_rate: in Hz.
        notes: float32 ``(sounds, 2)``, note (where it was measured with cents) and velocity of each; NaN for none.
        rejected: sounds that could not be decoded, and why.
    """

    title = "cache of notes"
    rejected = ()

    def _read_index(self, index: dict[str, Any]) -> None:
        self.sample_rate = int(index["sample_rate"])
        self.notes = np.array([[np.nan if value is None else value for value in note] for note in index["notes"]])
        self.notes = self.notes.astype(np.float32)

    @classmethod
    def build(
        cls,
        sounds: DecodedSounds,
        notes: _NotesByName,
        folder: Path,
        *,
        frame_rate: float,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """Put notes to their pitches, or open what an earlier call made of the same.

        Args:
            sounds: decoded.
            notes: note and velocity by the names of sounds.
            folder: each set of sounds and notes has a subfolder there.
            frame_rate: of the model, in Hz.
            on_progress: is told how many sounds are done.
            on_note: is told in one line if a damaged cache is made anew.

        Raises:
            DataError: the folder can't be written.
            MissingPackageError: the pitch tracker is not installed.
        """
        facts = f"{_VERSION} {sounds.key} {frame_rate} {sorted(notes.items())}"
        home = folder / f"notes-{hashlib.sha256(facts.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}"
        return cls.open_or_write(
            home, lambda file, scratch: _write_notes(sounds, notes, file, frame_rate, on_progress), on_note
        )


def named_notes(sounds: DecodedSounds) -> dict[str, tuple[float, int]]:
    """Note and velocity of sounds by their names, or else their pitches; see `notes_of`.

    Raises:
        DataError: no sound has a note.
        MissingPackageError: the pitch tracker is not installed.
    """
    places = {name: index for index, name in enumerate(sounds.names)}
    notes = notes_of(tuple(sounds.names), lambda name: pitch_as_note(sounds.sound(places[name]), sounds.sample_rate))
    if not notes:
        raise DataError("no sound names a note or has a pitch: learn them without --notes")
    return notes


def listed_notes(table: Path) -> dict[str, tuple[float, int]]:
    """Note and velocity by names of sounds, from a CSV file with the columns path, note and, if need be, velocity.

    Raises:
        DataError: it can't be read, lacks a column, or has a row that is none.
    """
    notes: dict[str, tuple[float, int]] = {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=delimiter_of(head))
            header = tuple(reader.fieldnames or ())
            if not {"path", "note"} <= set(header):
                raise DataError(f"{table} needs the columns path and note, velocity if need be; it has {list(header)}")
            for number, row in enumerate(reader, 2):
                name = (row["path"] or "").strip().replace("\\", "/").removeprefix("./")
                notes[name] = _listed_note(row, f"{table}, line {number}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(f"the table {table} can't be read ({reason}): name a CSV file in UTF-8") from error
    return notes


def _listed_note(row: Mapping[str, str | None], place: str) -> tuple[float, int]:
    velocity = (row.get("velocity") or "").strip() or str(HIGHEST)
    if not (velocity.isdecimal() and 1 <= int(velocity) <= HIGHEST):
        raise DataError(f"{place}: velocity {velocity!r}: give a number from 1 to {HIGHEST}")
    try:
        return parse_note(row["note"] or ""), int(velocity)
    except OptionError as error:
        raise DataError(f"{place}: {error}") from error


def _write_notes(
    sounds: DecodedSounds, notes: _NotesByName, file: ChecksummedFile, frame_rate: float, on_progress: OnProgress
) -> dict[str, Any]:
    entries: list[SoundRows] = []
    stored_notes: list[tuple[float | None, int | None]] = []
    on_progress(Progress("putting notes to pitches", 0, len(sounds), "files"))
    for index, name in enumerate(sounds.names):
        audio, note = sounds.sound(index), notes.get(name)
        near = None if note is None else note_hertz(note[0])
        locked = None if note is None else locked_note(audio, sounds.sample_rate, frame_rate, near=near)
        if note is None or locked is None:
            stored_notes.append((None, None))
        else:
            audio, hertz = locked
            stored_notes.append((note[0] if float(note[0]).is_integer() else hertz_note(hertz), note[1]))
        offset = file.tell() // 2
        file.write(stored_samples(audio))
        entries.append(SoundRows(name, offset, audio.shape[1], len(audio), file.take_checksum()))
        on_progress(Progress("putting notes to pitches", index + 1, len(sounds), "files"))
    return {"sample_rate": sounds.sample_rate, "sounds": entries, "notes": stored_notes}
