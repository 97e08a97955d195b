"""Hours of real background with calls mixed into them: what is heard when is known to the sample."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import info, read, resample
from auricle.errors import OptionError

RATE = 44_100
GROUPS = 3
"""Of what is learned from, so that each third can be judged by the others."""
_FRAME = 882  # 20 ms
_CALL_DB = -25.0
_JOIN_SECONDS = 0.5
_MIN_BACKGROUND_SECONDS = 8.0
_STRETCH_SECONDS = (60.0, 240.0)
_LEVELS_DB = (-50.0, -30.0)
_FADE_SECONDS = 0.5
_GAP_SECONDS = 1.0
_WITH_CALLS = re.compile(
    r"rain|wave|shore|beach|fire|lava|hell|farm|port|trade|thunder|drum|ship|bolts|chicken|wolf|machine|morph_ambient|door"
)
"""Names of backgrounds in which ESC-10's classes may be heard, or that are no recordings."""


@final
@dataclass(frozen=True)
class Call:
    """One event, cut out of its recording: float32 ``(t,)`` at `RATE`."""

    label: str
    source: str
    audio: np.ndarray


@final
@dataclass(frozen=True)
class MixedEvent:
    """A call in a mixture: seconds, and the ratio of its power to that of the background below it."""

    begin: float
    end: float
    label: str
    snr: float


@final
@dataclass(frozen=True)
class Mixture:
    """A long recording ``(t,)`` at `RATE` and the events in it, in order."""

    audio: np.ndarray
    events: tuple[MixedEvent, ...]


def calls_of(folder: Path, folds: str, group: int | None = None) -> list[Call]:
    """The call of each ESC-10 clip of some folds: the loudest run of sound that no pause of half a second parts.

    With ``group`` of `GROUPS` the clips of a third of the recordings that clips were cut from.
    """
    calls = []
    for path in sorted(folder.rglob("*.ogg")):
        if path.name[0] in folds and group in (None, _number(path.name.split("-")[1]) % GROUPS):
            label = path.parent.name.partition("_-_")[2].lower()
            calls.append(Call(label, path.name, _loudest_run(_mono(path))))
    if not calls:
        raise OptionError(f"{folder} holds no clips of the folds {folds}: name the folder of ESC-10")
    return calls


def foreign_calls(folders: Sequence[Path], count: int, random: np.random.Generator) -> list[Call]:
    """Sounds of other kinds than ESC-10's, at most five seconds of each of ``count`` files, labelled ``foreign``."""
    paths = [
        path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in (".flac", ".wav", ".opus")
    ]
    drawn = [paths[place] for place in sorted(random.choice(len(paths), min(count, len(paths)), replace=False))]
    return [Call("foreign", path.name, _loudest_run(_mono(path)[: 5 * RATE])) for path in drawn]


def _loudest_run(audio: np.ndarray) -> np.ndarray:
    frames = audio[: len(audio) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.square(frames).mean(1)
    active = np.flatnonzero(power > power.max() * 10 ** (_CALL_DB / 10))
    cuts = np.flatnonzero(np.diff(active) * _FRAME / RATE > _JOIN_SECONDS) + 1
    run = max(np.split(active, cuts), key=lambda part: power[part].sum())
    call = audio[run[0] * _FRAME : (run[-1] + 1) * _FRAME].copy()
    ramp = np.linspace(0, 1, _FRAME // 2, dtype=np.float32)
    call[: len(ramp)] *= ramp
    call[-len(ramp) :] *= ramp[::-1]
    return call


def backgrounds_of(folder: Path, part: str, group: int | None = None) -> list[np.ndarray]:
    """Recordings ``(t,)`` of one part: ``fit`` (7 of 10 families) or ``judge`` (3); with ``group`` of `GROUPS` a third
    of the families.

    A family is recordings whose names differ in numbers only, or of one length to the sample (the same recording under
    another name, or coded again). The hash of its name deals it out.
    """
    families: dict[int, str] = {}
    paths: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".ogg", ".wav", ".flac") and not _WITH_CALLS.search(path.stem):
            frames = info(path).frames
            family = families.setdefault(frames, re.sub(r"(_gen|_fast|_med|_raging|_slow)?[\d_]+$", "", path.stem))
            if frames not in paths and _part_of(family) == part:
                paths[frames] = path
    order = sorted({families[frames] for frames in paths})
    picked = [path for frames, path in paths.items() if group in (None, order.index(families[frames]) % GROUPS)]
    long = [audio for audio in map(_mono, picked) if len(audio) >= _MIN_BACKGROUND_SECONDS * RATE]
    if not long:
        raise OptionError(f"{folder} holds no background for the part {part!r}: see the script's first lines")
    return long


def _part_of(family: str) -> str:
    return "fit" if _number(family) % 10 < 7 else "judge"


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def _mono(path: Path) -> np.ndarray:
    audio, rate = read(path)
    return resample(audio.mean(axis=0, keepdims=True), rate, RATE)[0]


def background(recordings: Sequence[np.ndarray], seconds: float, random: np.random.Generator) -> np.ndarray:
    """A long background ``(t,)``: stretches of one to four minutes, each of one recording at one level, crossfaded."""
    length, fade = round(seconds * RATE), round(_FADE_SECONDS * RATE)
    audio, at = np.zeros(length + fade, np.float32), 0
    order: list[int] = []
    while at < length:
        order = order or random.permutation(len(recordings)).tolist()
        stretch = _looped(recordings[order.pop()], round(random.uniform(*_STRETCH_SECONDS) * RATE), fade, random)
        level = 10 ** (random.uniform(*_LEVELS_DB) / 20)
        stretch = stretch * (level / max(1e-9, float(np.sqrt(np.square(stretch).mean()))))
        _add(audio, stretch, at, fade)
        at += len(stretch) - fade
    return audio[:length]


def _looped(recording: np.ndarray, length: int, fade: int, random: np.random.Generator) -> np.ndarray:
    """A recording from anywhere in it on, repeated with crossfades until it is long enough."""
    turned = np.roll(recording, -int(random.integers(len(recording))))
    fade = min(fade, len(turned) // 4)
    audio, at = np.zeros(length + len(turned), np.float32), 0
    while at < length:
        _add(audio, turned, at, fade)
        at += len(turned) - fade
    return audio[:length]


def _add(audio: np.ndarray, sound: np.ndarray, at: int, fade: int) -> None:
    ramp = np.sqrt(np.linspace(0, 1, fade, dtype=np.float32))
    faded = sound.copy()
    faded[:fade] *= ramp
    faded[len(faded) - fade :] *= ramp[::-1]
    room = audio[at : at + len(faded)]
    room += faded[: len(room)]


def mixture(
    bed: np.ndarray, calls: Sequence[Call], count: int, snr: tuple[float, float], random: np.random.Generator
) -> Mixture:
    """A background ``(t,)`` with ``count`` calls in it that do not overlap, each class as often as the others.

    Args:
        bed: the background.
        calls: to draw from.
        count: of events.
        snr: least and largest ratio of a call's power to that of the background below it, in dB.
        random: decides which calls, when and how loud.
    """
    labels = sorted({call.label for call in calls})
    by_label = {label: [call for call in calls if call.label == label] for label in labels}
    order = [labels[number % len(labels)] for number in random.permutation(count)]
    drawn = [by_label[label][random.integers(len(by_label[label]))] for label in order]
    gap = round(_GAP_SECONDS * RATE)
    free = len(bed) - sum(len(call.audio) + gap for call in drawn) - gap
    if free < 0:
        raise OptionError(f"{count} events in {len(bed) / RATE:.0f} s: too many")
    audio, events = bed.copy(), []
    pauses = np.diff(np.sort(random.integers(0, free + 1, count)), prepend=0)
    at = 0
    for call, pause in zip(drawn, pauses.tolist(), strict=True):
        at += gap + pause
        below, ratio = bed[at : at + len(call.audio)], random.uniform(*snr)
        gain = np.sqrt(np.square(below).mean() * 10 ** (ratio / 10) / np.square(call.audio).mean())
        audio[at : at + len(call.audio)] += np.float32(gain) * call.audio
        events.append(MixedEvent(at / RATE, (at + len(call.audio)) / RATE, call.label, ratio))
        at += len(call.audio)
    peak = float(np.abs(audio).max())
    return Mixture(audio if peak < 1 else audio / (1.01 * peak), tuple(events))
