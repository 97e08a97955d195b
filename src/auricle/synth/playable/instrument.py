"""What notes are made of; out of recordings: both neighbours taken apart and put together at the pitch in between."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import final

import numpy as np
import soxr

from auricle.errors import OptionError
from auricle.synth.harmonic.analysis import measure_pitch
from auricle.synth.harmonic.morph import HarmonicMorph, MorphSource, read_morph_source
from auricle.synth.playable.note_names import note_hertz, note_name
from auricle.synth.playable.recordings import RecordedNote, velocity_layers
from auricle.synth.rendering.provenance import algorithm_provenance
from auricle.synth.rendering.render import concatenate_blocks
from auricle.synth.rendering.result import END_SECONDS

MOST_SHIFT = 12
"""Semitones beyond the notes that an instrument was made of."""
_HELD_IN_MEMORY = 8
_MOST_CENTS = 100.0


class Instrument(ABC):
    """Makes any note within its range.

    Attributes:
        name: of its sets.
        native: sample rate in Hz, and channels, of its notes.
        count: notes that it was made of.
        cut_seconds: over which an end that is not silent fades out.
        seconds: that each note is to last; None for as it comes.
    """

    cut_seconds = END_SECONDS
    seconds: float | None = None
    name: str
    native: tuple[int, int]
    count: int

    @abstractmethod
    def layers(self, low: int, high: int) -> tuple[tuple[int, int, int], ...]:
        """Velocities of its notes, and the range ``(velocity, lowest, highest)`` of played ones that each is for."""

    @abstractmethod
    def require(self, note: int, velocity: int) -> None:
        """Make sure that it has a note.

        Raises:
            OptionError: it is too far from those that it was made of.
        """

    @abstractmethod
    def note(self, note: int, velocity: int) -> tuple[np.ndarray, float]:
        """Sound float32 ``(c, t)`` of a note, and by how many cents the sound that it was made of was out of tune.

        Args:
            note: MIDI number.
            velocity: one of those of its layers.

        Raises:
            OptionError: it is too far from those that it was made of.
        """

    @abstractmethod
    def tags(self, note: int, velocity: int) -> Mapping[str, str]:
        """Of a note's file: how it was made."""


@final
class RecordedInstrument(Instrument):
    """Any note of an instrument, out of recorded ones.

    A note that was recorded is that recording. One between two is their morph; one beyond all is the nearest one, up to
    an octave away. Each is tuned by what its measured pitch, the median of its contour, is off: it is resampled, so its
    length changes by the same share.

    Args:
        notes: what was recorded.
        sample_rate: in Hz.
        channels: 1 or 2.
        name: of its sets.
    """

    def __init__(self, notes: Sequence[RecordedNote], sample_rate: int, channels: int, name: str = "notes") -> None:
        self._notes, self._sample_rate = notes, sample_rate
        self.name, self.native, self.count = name, (sample_rate, channels), len(notes)

        @lru_cache(_HELD_IN_MEMORY)
        def source(note: RecordedNote) -> MorphSource:
            return read_morph_source(note.path, sample_rate, channels, near=note_hertz(note.note))

        self._source = source

    def note(self, note: int, velocity: int) -> tuple[np.ndarray, float]:
        """As it was recorded, or put together."""
        below, above = self.neighbours(note, velocity)
        nearest = min(below, above, key=lambda other: abs(other.note - note))
        if below.note < note < above.note:
            one, other = self._source(below), self._source(above)
            if one.parts.pitch.pitched and other.parts.pitch.pitched:
                return tuned(self._between(one, other, note), self._sample_rate, note_hertz(note))
        audio = self._source(nearest).audio
        return tuned(audio, self._sample_rate, note_hertz(note), recorded=note_hertz(nearest.note))

    def layers(self, low: int, high: int) -> tuple[tuple[int, int, int], ...]:
        """One for each dynamic that was recorded."""
        return velocity_layers((note.velocity for note in self._notes), low, high)

    def require(self, note: int, velocity: int) -> None:
        """Within an octave of a recorded one."""
        self.neighbours(note, velocity)

    def tags(self, note: int, velocity: int) -> Mapping[str, str]:
        """No model made it."""
        return algorithm_provenance("generate")

    def neighbours(self, note: int, velocity: int) -> tuple[RecordedNote, RecordedNote]:
        """The recorded notes that a note lies between; twice the same where it was recorded, or lies beyond all.

        Raises:
            OptionError: no note within an octave was recorded.
        """
        layer = sorted((other for other in self._notes if other.velocity == velocity), key=lambda other: other.note)
        below = max((other for other in layer if other.note <= note), default=layer[0], key=lambda other: other.note)
        above = min((other for other in layer if other.note >= note), default=layer[-1], key=lambda other: other.note)
        if min(abs(below.note - note), abs(above.note - note)) > MOST_SHIFT:
            raise OptionError(self._out_of_reach(note, layer))
        return below, above

    def _out_of_reach(self, note: int, layer: Sequence[RecordedNote]) -> str:
        """That a note is too far from those of a layer, which go up; and which velocities have some near it."""
        velocity = layer[0].velocity
        others = sorted({other.velocity for other in self._notes if abs(other.note - note) <= MOST_SHIFT})
        what = "recorded notes"
        if any(other.velocity != velocity for other in self._notes):
            what = f"notes recorded at velocity {velocity}"
        text = f"{note_name(note)} is over an octave from the {what}, {note_name(layer[0].note)} to "
        text += f"{note_name(layer[-1].note)}: name notes within an octave of one of them"
        return f"{text}, or a velocity that has some near it: {', '.join(map(str, others))}" if others else text

    def _between(self, low: MorphSource, high: MorphSource, note: int) -> np.ndarray:
        pitches = [source.parts.pitch.median() for source in (low, high)]
        share = float(np.log(note_hertz(note) / pitches[0]) / np.log(pitches[1] / pitches[0]))
        blocks, _ = HarmonicMorph(low, high).interpolate(min(max(share, 0.0), 1.0))
        return concatenate_blocks(blocks)


def tuned(
    audio: np.ndarray, sample_rate: int, hertz: float, *, recorded: float | None = None
) -> tuple[np.ndarray, float]:
    """A sound ``(c, t)`` with a pitch of ``hertz``, by resampling, and by how many cents its measured pitch was off.

    A sound whose pitch can't be measured counts as in tune.

    Args:
        audio: the sound.
        sample_rate: in Hz.
        hertz: what its pitch is to be.
        recorded: what it is, but for a few cents; None for ``hertz``.
    """
    expected = hertz if recorded is None else recorded
    measured = measure_pitch(audio.mean(axis=0), sample_rate, near=expected).median() or expected
    cents = 1200 * float(np.log2(expected / measured))
    if abs(cents) > _MOST_CENTS:
        measured, cents = expected, 0.0
    if measured == hertz:
        return audio, 0.0
    return np.ascontiguousarray(
        soxr.resample(audio.T.astype(np.float32), sample_rate, sample_rate * measured / hertz).T
    ), cents
