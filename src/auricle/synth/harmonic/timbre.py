"""What a sound's spectrum is like at a pitch and a loudness, learned from examples."""

from collections.abc import Iterable
from typing import NamedTuple, final

import numpy as np

from auricle.errors import AudioError
from auricle.synth.harmonic.analysis import HarmonicSound
from auricle.synth.harmonic.frame_facts import frame_facts

_STRIDE = 2  # frames
_NEIGHBOURS = 6
_SEMITONES, _DECIBELS, _AGE_OCTAVES = 4.0, 6.0, 2.0
_YOUNG_SECONDS = 0.02  # ages below are alike
_DYING_DB = 3.0  # a second: guitars 6, pianos 6.5, saxophones .1
_LOWEST_HERTZ, _BANDS_PER_OCTAVE = 40.0, 6
_TONAL_SHARE = 0.9  # of the audible frames: wind and strings have 1.0, speech .7
_SOFTEST_PERCENT = 10.0  # of frames: what is below are beginnings and ends
_SMOOTH_FRAMES = 9
_NUMBERED = 64
_NEAR, _FAR = 3.0, 9.0  # semitones: up to here partials are alike by number, from there by frequency
_LOWEST_DB, _NOTHING_DB = -80.0, -120.0
_PIECE = 256


class Spectra(NamedTuple):
    """What frames are to be: all in dB relative to the power of the frame.

    Attributes:
        partials: of each of the lowest partials ``(n, 64)``, by number.
        envelope: of a partial at each frequency of a grid ``(n, grid)``.
        nearness: ``(n,)`` 1 where the examples have that pitch, 0 far from it.
        noise: amplitudes of bands of what is left ``(n, bands)``, not in dB.
    """

    partials: np.ndarray
    envelope: np.ndarray
    nearness: np.ndarray
    noise: np.ndarray


@final
class Timbre:
    """Spectra of examples, to be asked for by pitch and level.

    Args:
        examples: sounds ``(c, t)``, all of one sample rate, with their parts.

    Attributes:
        dies_away: whether the examples' tones do, as those of struck and plucked strings.

    Raises:
        AudioError: nothing can be heard in them.
    """

    def __init__(self, examples: Iterable[tuple[np.ndarray, HarmonicSound]]) -> None:
        octaves, levels, ages, envelopes, partials, noises, falls = [], [], [], [], [], [], []
        for audio, parts in examples:
            facts = frame_facts(parts, audio)
            audible = np.flatnonzero(facts.audible)[::_STRIDE]
            octaves.append(facts.octaves[audible])
            levels.append(facts.level_db[audible])
            ages.append(facts.age[audible])
            falls.append(facts.falls())
            power_db = 10 * np.log10(facts.power[audible, None])
            numbered, envelope = _partial_levels(parts, audible)
            partials.append(np.maximum(numbered - power_db, _LOWEST_DB))
            envelopes.append(np.maximum(envelope - power_db, _LOWEST_DB))
            noises.append(facts.noise[audible] / np.sqrt(facts.power[audible, None]))
        if not sum(map(len, levels)):
            raise AudioError("nothing can be heard in the sounds whose timbre is to be taken")
        self._octaves, self._levels, self._ages = (np.concatenate(facts) for facts in (octaves, levels, ages))
        self._partials, self._envelopes = np.concatenate(partials), np.concatenate(envelopes)
        self._noises = np.concatenate(noises)
        all_falls = np.concatenate(falls)
        self.dies_away = bool(len(all_falls) and np.median(all_falls) > _DYING_DB)

    @property
    def pitched(self) -> bool:
        """Whether any example has a pitch."""
        return bool(np.isfinite(self._octaves).any())

    @property
    def tonal(self) -> bool:
        """Whether the examples have a pitch nearly always."""
        return bool(np.isfinite(self._octaves).mean() > _TONAL_SHARE)

    @property
    def softest_db(self) -> float:
        """The level that nearly all of the examples' frames have at least, below the loudest."""
        return float(np.percentile(self._levels, _SOFTEST_PERCENT))

    def spectra(self, octaves: np.ndarray, level_db: np.ndarray, age: np.ndarray, *, by_age: bool = False) -> Spectra:
        """Spectra at each of n pitches, levels and ages: means of the nearest examples, smoothed over time between the
        beginnings of sounds.

        Where a pitch is NaN, or no example has one, examples without pitch are taken, if there are any. Ages choose
        examples only with ``by_age``.
        """
        count = len(octaves)
        tables = self._partials, self._envelopes, self._noises
        partials, envelope, noise = (np.zeros((count, table.shape[1])) for table in tables)
        apart = np.zeros((count, 1))
        for voiced in (True, False):
            frames = np.flatnonzero(np.isfinite(octaves) == voiced)
            rows = np.flatnonzero(np.isfinite(self._octaves) == voiced)
            rows = rows if len(rows) else np.arange(len(self._octaves))
            for start in range(0, len(frames), _PIECE):
                piece = frames[start : start + _PIECE]
                nearest = rows[self._nearest(octaves[piece], level_db[piece], age[piece] if by_age else None, rows)]
                for values, table in zip((partials, envelope, noise), tables, strict=True):
                    values[piece] = table[nearest].mean(axis=1)
                semitones = 12 * np.abs(octaves[piece, None] - self._octaves[nearest])
                apart[piece, 0] = np.nan_to_num(semitones, nan=0.0).mean(axis=1)
        partials, envelope, noise, apart = (_smooth(values, age) for values in (partials, envelope, noise, apart))
        nearness = np.clip((_FAR - apart[:, 0]) / (_FAR - _NEAR), 0.0, 1.0)
        return Spectra(partials, envelope, nearness, noise)

    def _nearest(
        self, octaves: np.ndarray, level_db: np.ndarray, age: np.ndarray | None, rows: np.ndarray
    ) -> np.ndarray:
        distance = ((level_db[:, None] - self._levels[rows]) / _DECIBELS) ** 2
        apart = 12 * (octaves[:, None] - self._octaves[rows]) / _SEMITONES
        distance += np.nan_to_num(apart, nan=0.0) ** 2
        if age is not None:
            ratios = (age[:, None] + _YOUNG_SECONDS) / (self._ages[rows] + _YOUNG_SECONDS)
            distance += (np.log2(ratios) / _AGE_OCTAVES) ** 2
        count = min(_NEIGHBOURS, len(rows))
        return np.argpartition(distance, count - 1, axis=1)[:, :count]


def envelope_grid(sample_rate: int) -> np.ndarray:
    """Frequencies, in octaves, at which envelopes of partials are known."""
    return np.arange(np.log2(_LOWEST_HERTZ), np.log2(sample_rate / 2), 1 / _BANDS_PER_OCTAVE)


def _partial_levels(sound: HarmonicSound, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levels in dB of partials by number ``(n, 64)``, and at the grid ``(n, grid)``, beyond the last as that."""
    grid = envelope_grid(sound.sample_rate)
    if not len(sound.ratios):
        return np.full((len(frames), _NUMBERED), _NOTHING_DB), np.full((len(frames), len(grid)), _NOTHING_DB)
    magnitude = np.sqrt(np.square(np.abs(sound.partials[:, :, frames])).mean(axis=0)).T
    levels = np.maximum(20 * np.log10(np.maximum(magnitude, 1e-9)), _NOTHING_DB)
    places = np.log2(sound.pitch.hertz[frames, None] * sound.ratios)
    rows = [np.interp(grid, place, level) for place, level in zip(places, levels, strict=True)]
    numbered = np.full((len(frames), _NUMBERED), _NOTHING_DB)
    count = min(_NUMBERED, levels.shape[1])
    numbered[:, :count] = levels[:, :count]
    return numbered, np.array(rows).reshape(len(frames), len(grid))


def _smooth(values: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Values ``(n, k)`` smoothed over time, each sound for itself: ages begin anew with it."""
    kernel = np.hanning(_SMOOTH_FRAMES + 2)[1:-1]
    kernel /= kernel.sum()
    begins = np.flatnonzero((age[1:] == 0) & (age[:-1] > 0)) + 1
    smoothed = []
    for sound in np.split(values, begins):
        padded = np.pad(sound, ((_SMOOTH_FRAMES // 2, _SMOOTH_FRAMES // 2), (0, 0)), mode="edge")
        smoothed.append(np.stack([np.convolve(column, kernel, "valid") for column in padded.T], axis=1))
    return np.concatenate(smoothed)
