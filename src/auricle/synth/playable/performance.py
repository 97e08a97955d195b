"""A phrase played by a prior that knows notes: its notes take the pitch and the loudness of the phrase at each moment.

The phrase is cut where its pitch breaks off or jumps. For each piece the prior makes the nearest note, at the pitch at
which it learns notes; that is read at the speed that gives it the phrase's pitch, and gets the phrase's loudness.
"""

from itertools import pairwise
from typing import NamedTuple, final

import numpy as np
import soxr

from auricle.audio import resample
from auricle.errors import AudioError
from auricle.options.synthesis import NoteOptions, SamplingOptions
from auricle.synth.harmonic.analysis import cycles_of, measure_pitch
from auricle.synth.harmonic.locking import interpolated
from auricle.synth.harmonic.pitch import hop_samples
from auricle.synth.playable.prior_instrument import PriorInstrument
from auricle.synth.priors.loading import PriorAndModel
from auricle.synth.priors.notes import hertz_note

_OVERSAMPLING, _FINE = 2, 4
"""Of the result before its last filter, against aliases; and of what is read between samples."""
_JUMP_SEMITONES, _DRIFT_SEMITONES = 0.7, 2.5
_SHORTEST_FRAMES, _FADE_SECONDS = 6, 0.006
_LEVEL_SECONDS = 0.02
_SOFTEST_DB, _INAUDIBLE_DB = -30.0, -50.0
_ATTACK_SECONDS, _END_SECONDS = 0.15, 0.5


class PhrasePiece(NamedTuple):
    """Frames of a phrase that one note plays, and whether it goes on from the piece before."""

    first: int
    end: int
    continues: bool


@final
class Performance:
    """What plays phrases.

    Args:
        networks: a prior that knows notes, and its autoencoder.
        options: class and seed; the notes are those of the phrases.
        sampling: how notes are drawn.

    Raises:
        ModelError: the prior knows no notes.
        OptionError: no such class.
    """

    def __init__(self, networks: PriorAndModel, options: NoteOptions, sampling: SamplingOptions) -> None:
        self._networks, self._options, self._sampling = networks, options, sampling
        self._instrument = PriorInstrument(networks, options, sampling)
        self._rate = networks.prior.sample_rate

    def play(self, audio: np.ndarray, sample_rate: int) -> np.ndarray:
        """The phrase ``(c, t)`` played, float32 ``(1, t)``.

        Raises:
            AudioError: nothing in it has a pitch.
            MissingPackageError: the pitch tracker is not installed.
        """
        mono = resample(audio.mean(axis=0, keepdims=True), sample_rate, self._rate)[0]
        contour = measure_pitch(mono, self._rate)
        level_db = frame_levels(mono, self._rate, len(contour.hertz))
        audible = contour.voiced & (level_db > level_db.max() + _INAUDIBLE_DB)
        pieces = phrase_pieces(contour.hertz, audible)
        if not pieces:
            raise AudioError("nothing in the sound has a pitch: a prior of notes can't play it")
        played = np.zeros(len(mono), np.float32)
        for piece in pieces:
            self._add(played, contour.hertz, level_db, piece)
        return resample(played[None], self._rate, sample_rate)[:, : audio.shape[1]]

    def _add(self, played: np.ndarray, hertz: np.ndarray, level_db: np.ndarray, piece: PhrasePiece) -> None:
        """Play one piece into the sound."""
        hop = hop_samples(self._rate)
        samples = min((piece.end - piece.first) * hop, len(played) - piece.first * hop)
        own = hertz[piece.first : piece.end + 1]
        fine = np.arange(_OVERSAMPLING * samples) / _OVERSAMPLING
        cycles = np.interp(fine, np.arange(samples), cycles_of(own, self._rate, samples))
        loudest = float(level_db[piece.first : piece.end].max() - level_db.max())
        note = hertz_note(float(np.median(own)))
        skipped = _ATTACK_SECONDS if piece.continues else 0.0
        sound, locked = self._instrument.locked(
            note, self._velocity(loudest), float(cycles[-1]), skipped + _END_SECONDS
        )
        source = np.asarray(soxr.resample(sound.mean(axis=0), 1.0, float(_FINE)))[None]
        places = _FINE * self._rate * (cycles / locked + skipped)
        result = np.asarray(soxr.resample(interpolated(source, places)[0], float(_OVERSAMPLING), 1.0))[:samples]
        result = np.pad(result, (0, samples - len(result)))
        result *= self._gain(result, level_db[piece.first : piece.end])
        played[piece.first * hop : piece.first * hop + samples] += result

    def _gain(self, result: np.ndarray, level_db: np.ndarray) -> np.ndarray:
        """What gives a note ``(t,)`` the levels of its frames, and short fades at both ends."""
        note_db = frame_levels(result, self._rate, len(level_db))
        decibels = np.clip(level_db - note_db, -60.0, 40.0)
        places = np.arange(len(result)) / hop_samples(self._rate)
        gain = 10 ** (np.interp(places, np.arange(len(decibels)), decibels) / 20)
        edge = np.minimum(np.arange(len(result)), np.arange(len(result))[::-1]) / (_FADE_SECONDS * self._rate)
        return (gain * np.minimum(1.0, edge)).astype(np.float32)

    def _velocity(self, level_db: float) -> int:
        """From the softest to the loudest one that was learned, by how far below the phrase's loudest a piece is."""
        softest, loudest = self._instrument.velocities
        share = np.clip(1 - level_db / _SOFTEST_DB, 0.0, 1.0)
        return round(softest + float(share) * (loudest - softest))


def frame_levels(mono: np.ndarray, sample_rate: int, frames: int) -> np.ndarray:
    """Root mean square in dB around each frame of a contour, ``(n,)``."""
    hop, size = hop_samples(sample_rate), max(1, round(_LEVEL_SECONDS * sample_rate))
    power = np.concatenate((np.zeros(1), np.cumsum(np.square(mono, dtype=np.float64))))
    centres = np.arange(frames) * hop
    first, last = (np.clip(centres + side, 0, len(mono)) for side in (-size // 2, size // 2))
    return 10 * np.log10((power[last] - power[first]) / np.maximum(last - first, 1) + 1e-10)


def phrase_pieces(hertz: np.ndarray, audible: np.ndarray) -> list[PhrasePiece]:
    """Pieces of a contour ``(n,)`` with no jump and little drift in them, where it can be heard."""
    octaves = np.log2(np.maximum(hertz, 1.0))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], audible, [False])).astype(int)))
    pieces = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        jumps = first + 1 + np.flatnonzero(12 * np.abs(np.diff(octaves[first:end])) > _JUMP_SEMITONES)
        for start, stop in pairwise((first, *jumps, end)):
            pieces += _without_drift(octaves, int(start), int(stop))
    return [piece for piece in pieces if piece.end - piece.first >= _SHORTEST_FRAMES]


def _without_drift(octaves: np.ndarray, first: int, end: int) -> list[PhrasePiece]:
    pieces, start = [], first
    for frame in range(first, end):
        if 12 * abs(octaves[frame] - np.median(octaves[start : frame + 1])) > _DRIFT_SEMITONES:
            pieces.append(PhrasePiece(start, frame, start > first))
            start = frame
    return [*pieces, PhrasePiece(start, end, start > first)]
