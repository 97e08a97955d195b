"""Marked events in other surroundings: each is mixed into other background, and into plain noise, at several levels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from auricle.audio import rereadable
from auricle.classify.detection.training_windows import PARTS, part_of
from auricle.classify.features.base import resampled_blocks
from auricle.data.event_labels import NOTHING
from auricle.data.events import Recording, SoundEvent
from auricle.data.scan import Rejected, examine_header
from auricle.errors import AudioError

SNR_DB = (0.0, 20.0)
_LONGEST_SECONDS = 8.0
_BED_SECONDS = 12.0
_BEDS = 12
"""Stretches of background that are taken of each recording."""
_GAP_SECONDS = (1.0, 3.0)
_RAMP_SECONDS = 0.01
_LEVEL_DB = -40.0
_NOISE_SHARE = 0.25
_NOISES = 5
"""Stretches of noise of each part."""
_MOST_EVENTS = 300
"""Of each part, so that learning does not take twice as long."""
_TRIES = 50


@final
@dataclass(frozen=True)
class _Cut:
    """A stretch of a recording: what is heard in it, and its first sample and the one after its last."""

    recording: int
    part: int
    label: str
    first: int
    last: int


@final
@dataclass(frozen=True, eq=False)
class _Mixture:
    """An event and its surroundings: where both come from, and room for them.

    Attributes:
        event: is read into ``sound``.
        sound: float32 ``(t,)``.
        bed: is read into ``background`` from its sample ``start`` on, over and over; None where that is noise already.
        background: float32 ``(t,)``, longer than the event.
        start: of the bed.
        before: samples of the background in front of the event.
        snr_db: by how much the event is louder.
    """

    event: _Cut
    sound: np.ndarray
    bed: _Cut | None
    background: np.ndarray
    start: int
    before: int
    snr_db: float


def noise_recordings(rate: int, seed: int) -> tuple[tuple[Recording, ...], tuple[int, ...]]:
    """A recording of white, pink and brown noise for each part of the cross-validation, and the number of its part: so
    that noise is no class.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    length = round(_BED_SECONDS * rate)
    beds = {
        part: np.concatenate([_levelled(_noise(length, rate, random)) for _ in range(_NOISES)]) for part in range(PARTS)
    }
    return tuple(_recording(audio, (), rate, part) for part, audio in beds.items()), tuple(beds)


def augmented_recordings(
    recordings: Sequence[Recording], rate: int, seed: int
) -> tuple[tuple[Recording, ...], tuple[int, ...]]:
    """A recording of each part of the cross-validation, in memory, and the number of its part: its marked events, each
    in other background or noise.

    Events and backgrounds of one part come from nowhere else. Recordings that do not decode are left out. All are read
    twice: for their lengths, which decide what is taken, and for that; so memory does not grow with their number.

    Args:
        recordings: with what is marked in them.
        rate: of the sounds, in Hz.
        seed: decides what is mixed with what, and how loud.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    events: dict[int, list[_Cut]] = {part: [] for part in range(PARTS)}
    beds: dict[int, list[_Cut]] = {part: [] for part in range(PARTS)}
    for number, recording in enumerate(recordings):
        cuts = [
            *_event_cuts(recording, number, len(recordings), rate),
            *_bed_cuts(recording, number, len(recordings), rate, random),
        ]
        try:
            total = sum(map(len, resampled_blocks(recording.sound.source, rate))) if cuts else 0
        except AudioError:
            continue
        for cut in cuts:
            if min(cut.last, total) - cut.first > rate * _RAMP_SECONDS * 4:
                stretches = beds if cut.label == NOTHING else events
                stretches[cut.part].append(replace(cut, last=min(cut.last, total)))
    planned = {part: _planned(events[part], beds[part], rate, random) for part in range(PARTS) if events[part]}
    _read([mixture for mixtures in planned.values() for mixture in mixtures], recordings, rate)
    augmented = tuple(_recording(*_mixed(mixtures, rate), rate, part) for part, mixtures in planned.items())
    return augmented, tuple(planned)


def _event_cuts(recording: Recording, number: int, total: int, rate: int) -> list[_Cut]:
    cuts = []
    for event in recording.events:
        end = min(event.end, event.begin + _LONGEST_SECONDS)
        if event.label != NOTHING:
            part = part_of(number, total, (event.begin + event.end) / 2 / max(1e-9, recording.sound.seconds))
            cuts.append(_Cut(number, part, event.label, max(0, round(event.begin * rate)), round(end * rate)))
    return cuts


def _bed_cuts(recording: Recording, number: int, total: int, rate: int, random: np.random.Generator) -> list[_Cut]:
    """Stretches in which nothing is marked, as far as there are any."""
    length = recording.sound.seconds
    if length <= _BED_SECONDS:
        return []
    cuts: list[_Cut] = []
    for _ in range(_TRIES):
        begin = random.uniform(0, length - _BED_SECONDS)
        end = begin + _BED_SECONDS
        has_event = any(
            event.label != NOTHING and event.begin < end and event.end > begin for event in recording.events
        )
        if not has_event and len(cuts) < _BEDS:
            part = part_of(number, total, (begin + end) / 2 / length)
            cuts.append(_Cut(number, part, NOTHING, round(begin * rate), round(end * rate)))
    return cuts


def _planned(
    events: Sequence[_Cut], beds: Sequence[_Cut], rate: int, random: np.random.Generator
) -> tuple[_Mixture, ...]:
    """Each event in a background of its own: real one, or noise."""
    mixtures: list[_Mixture] = []
    for place in random.permutation(len(events))[:_MOST_EVENTS].tolist():
        event = events[place]
        before, after = (round(random.uniform(*_GAP_SECONDS) * rate) for _ in range(2))
        sound = np.zeros(event.last - event.first, np.float32)
        length, bed, start = before + len(sound) + after, None, 0
        if not beds or random.random() < _NOISE_SHARE:
            background = _noise(length, rate, random)
        else:
            bed, background = beds[int(random.integers(len(beds)))], np.zeros(length, np.float32)
            start = int(random.integers(bed.last - bed.first))
        mixtures.append(_Mixture(event, sound, bed, background, start, before, random.uniform(*SNR_DB)))
    return tuple(mixtures)


def _read(mixtures: Sequence[_Mixture], recordings: Sequence[Recording], rate: int) -> None:
    """Fill mixtures with what is heard in recordings; of each only what one of them needs is held, one after the
    other."""
    needed: dict[int, dict[_Cut, list[_Mixture]]] = {}
    for mixture in mixtures:
        for cut in filter(None, (mixture.event, mixture.bed)):
            needed.setdefault(cut.recording, {}).setdefault(cut, []).append(mixture)
    for number, cuts in needed.items():
        for cut, stretch in zip(cuts, _cut_out(recordings[number], list(cuts), rate), strict=True):
            for mixture in cuts[cut]:
                if cut == mixture.event:
                    mixture.sound[:] = stretch
                else:
                    mixture.background[:] = np.resize(np.roll(stretch, -mixture.start), len(mixture.background))


def _cut_out(recording: Recording, cuts: Sequence[_Cut], rate: int) -> list[np.ndarray]:
    """What is heard in stretches of a recording, read once, with flat memory."""
    parts: list[list[np.ndarray]] = [[] for _ in cuts]
    at = 0
    for block in resampled_blocks(recording.sound.source, rate):
        for place, cut in enumerate(cuts):
            first, last = cut.first - at, cut.last - at
            if first < len(block) and last > 0:
                parts[place].append(block[max(0, first) : last])
        at += len(block)
    return [np.concatenate([*part, np.zeros(0, np.float32)]) for part in parts]


def _mixed(mixtures: Sequence[_Mixture], rate: int) -> tuple[np.ndarray, list[SoundEvent]]:
    """Mixtures one after the other, and where the events are."""
    pieces: list[np.ndarray] = []
    marks: list[SoundEvent] = []
    at = 0
    for mixture in mixtures:
        sound, bed, before = mixture.sound, _levelled(mixture.background), mixture.before
        bed_power, power = float(np.square(bed).mean()), max(1e-12, float(np.square(sound).mean()))
        gain = np.sqrt(bed_power * 10 ** (mixture.snr_db / 10) / power)
        bed[before : before + len(sound)] += _ramped(np.float32(gain) * sound, rate)
        pieces.append(_ramped(bed, rate))
        marks.append(SoundEvent((at + before) / rate, (at + before + len(sound)) / rate, mixture.event.label))
        at += len(bed)
    audio = np.concatenate(pieces)
    return audio / max(1.0, 1.01 * float(np.abs(audio).max())), marks


def _levelled(background: np.ndarray) -> np.ndarray:
    return background * np.float32(10 ** (_LEVEL_DB / 20) / max(1e-9, float(np.sqrt(np.square(background).mean()))))


def _noise(length: int, rate: int, random: np.random.Generator) -> np.ndarray:
    """Noise whose power falls with frequency by its power of 0 (white), 1 (pink) or 2 (brown)."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    hertz = np.maximum(np.fft.rfftfreq(length, 1 / rate), 20.0)
    return np.fft.irfft(spectrum * hertz ** (-0.5 * int(random.integers(3))), length).astype(np.float32)


def _ramped(sound: np.ndarray, rate: int) -> np.ndarray:
    ramp = np.linspace(0, 1, max(1, min(len(sound) // 2, round(_RAMP_SECONDS * rate))), dtype=np.float32)
    faded = sound.copy()
    faded[: len(ramp)] *= ramp
    faded[len(faded) - len(ramp) :] *= ramp[::-1]
    return faded


def _recording(audio: np.ndarray, marks: Sequence[SoundEvent], rate: int, part: int) -> Recording:
    name = f"augmented {part}"
    sound = examine_header(rereadable((audio[None], rate), name), name, 0.0)
    assert not isinstance(sound, Rejected)
    return Recording(sound, tuple(marks))
