"""Marked events in other surroundings: each is mixed into other background, and into plain noise, at several levels."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """A stretch of a recording: what is heard in it, and where it lies."""

    part: int
    label: str
    begin: float
    end: float


def noise_recordings(rate: int, seed: int) -> tuple[tuple[Recording, ...], tuple[int, ...]]:
    """A recording of white, pink and brown noise for each part of the cross-validation, and the number of its part: so
    that noise is no class.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    length = round(_BED_SECONDS * rate)
    beds = {part: np.concatenate([_bed((), length, rate, random) for _ in range(_NOISES)]) for part in range(PARTS)}
    return tuple(_recording(audio, (), rate, part) for part, audio in beds.items()), tuple(beds)


def augmented_recordings(
    recordings: Sequence[Recording], rate: int, seed: int
) -> tuple[tuple[Recording, ...], tuple[int, ...]]:
    """A recording of each part of the cross-validation, in memory, and the number of its part: its marked events, each
    in other background or noise.

    Events and backgrounds of one part come from nowhere else. Recordings that do not decode are left out.

    Args:
        recordings: with what is marked in them.
        rate: of the sounds, in Hz.
        seed: decides what is mixed with what, and how loud.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    events: dict[int, list[tuple[str, np.ndarray]]] = {part: [] for part in range(PARTS)}
    beds: dict[int, list[np.ndarray]] = {part: [] for part in range(PARTS)}
    for number, recording in enumerate(recordings):
        cuts = [
            *_event_cuts(recording, number, len(recordings)),
            *_bed_cuts(recording, number, len(recordings), random),
        ]
        try:
            sounds = _cut_out(recording, cuts, rate)
        except AudioError:
            continue
        for cut, sound in zip(cuts, sounds, strict=True):
            if len(sound) <= rate * _RAMP_SECONDS * 4:
                continue
            if cut.label == NOTHING:
                beds[cut.part].append(sound)
            else:
                events[cut.part].append((cut.label, sound))
    mixed = {part: _mixed(events[part], beds[part], rate, random) for part in range(PARTS) if events[part]}
    return tuple(_recording(audio, marks, rate, part) for part, (audio, marks) in mixed.items()), tuple(mixed)


def _event_cuts(recording: Recording, number: int, total: int) -> list[_Cut]:
    cuts = []
    for event in recording.events:
        end = min(event.end, event.begin + _LONGEST_SECONDS)
        if event.label != NOTHING:
            share = (event.begin + event.end) / 2 / max(1e-9, recording.sound.seconds)
            cuts.append(_Cut(part_of(number, total, share), event.label, event.begin, end))
    return cuts


def _bed_cuts(recording: Recording, number: int, total: int, random: np.random.Generator) -> list[_Cut]:
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
            cuts.append(_Cut(part_of(number, total, (begin + end) / 2 / length), NOTHING, begin, end))
    return cuts


def _cut_out(recording: Recording, cuts: Sequence[_Cut], rate: int) -> list[np.ndarray]:
    """What is heard in stretches of a recording, read once, with flat memory."""
    parts: list[list[np.ndarray]] = [[] for _ in cuts]
    at = 0
    for block in resampled_blocks(recording.sound.source, rate):
        for place, cut in enumerate(cuts):
            first, last = round(cut.begin * rate) - at, round(cut.end * rate) - at
            if first < len(block) and last > 0:
                parts[place].append(block[max(0, first) : last])
        at += len(block)
    return [np.concatenate([*part, np.zeros(0, np.float32)]) for part in parts]


def _mixed(
    events: Sequence[tuple[str, np.ndarray]], beds: Sequence[np.ndarray], rate: int, random: np.random.Generator
) -> tuple[np.ndarray, list[SoundEvent]]:
    """Each event in a background of its own, one after the other, and where they are."""
    pieces: list[np.ndarray] = []
    marks: list[SoundEvent] = []
    at = 0
    for place in random.permutation(len(events))[:_MOST_EVENTS].tolist():
        label, sound = events[place]
        before, after = (round(random.uniform(*_GAP_SECONDS) * rate) for _ in range(2))
        bed = _bed(beds, before + len(sound) + after, rate, random)
        bed_power, power = float(np.square(bed).mean()), max(1e-12, float(np.square(sound).mean()))
        gain = np.sqrt(bed_power * 10 ** (random.uniform(*SNR_DB) / 10) / power)
        bed[before : before + len(sound)] += _ramped(np.float32(gain) * sound, rate)
        pieces.append(_ramped(bed, rate))
        marks.append(SoundEvent((at + before) / rate, (at + before + len(sound)) / rate, label))
        at += len(bed)
    audio = np.concatenate(pieces)
    return audio / max(1.0, 1.01 * float(np.abs(audio).max())), marks


def _bed(beds: Sequence[np.ndarray], length: int, rate: int, random: np.random.Generator) -> np.ndarray:
    """Background ``(length,)`` at one level: real one, or noise."""
    if not beds or random.random() < _NOISE_SHARE:
        bed = _noise(length, rate, random)
    else:
        source = beds[int(random.integers(len(beds)))]
        bed = np.resize(np.roll(source, -int(random.integers(len(source)))), length).astype(np.float32)
    return bed * np.float32(10 ** (_LEVEL_DB / 20) / max(1e-9, float(np.sqrt(np.square(bed).mean()))))


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
