"""Sounds on the page: which, how much of each, and their players."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import product
from typing import final

import numpy as np

from auricle.audio import resample
from auricle.bench.report.metrics import column
from auricle.bench.scoring.results import ORIGINAL, BenchmarkResult, FileVerdict, Sample
from auricle.html import Shown, Spectrograph, flac, player

MOST_CHARACTERS = 11_000_000
"""Of sounds and pictures, so that a page stays below 12 MB."""
_WANTED_FILES = 4
_PICTURE_CHARACTERS = 60_000
_SETTINGS = (99, 4, 3, 2, 1)
_SECONDS = (10.0, 7.0, 5.0)
_LEAST_SECONDS = 3.0
_SLACK = 0.6


@final
@dataclass(frozen=True)
class Exhibit:
    """One file: its original, if there is one, and what codecs made of it, all of one rate and length."""

    file: str
    original: Sample | None
    versions: tuple[Sample, ...]

    @property
    def sounds(self) -> tuple[Sample, ...]:
        """The original first."""
        return (self.original, *self.versions) if self.original else self.versions


@final
@dataclass(frozen=True)
class Gallery:
    """Sections for the page, the exhibits in them, and what there was no room for."""

    html: str
    exhibits: tuple[Exhibit, ...]
    left_out: tuple[str, ...]


@final
@dataclass(frozen=True)
class _Plan:
    """At most so many settings of a codec, and so many seconds of a sound."""

    settings: int
    seconds: float

    def cut(self, exhibit: Exhibit) -> Exhibit:
        versions = _thinned(exhibit.versions, self.settings)
        return _excerpt(replace(exhibit, versions=versions), self.seconds)

    def characters(self, exhibit: Exhibit) -> float:
        """About so many: all versions are taken to be as large as the first or last sound."""
        sounds = self.cut(exhibit).sounds
        largest = max(len(flac(sound.audio, sound.sample_rate)) for sound in (sounds[0], sounds[-1]))
        return len(sounds) * (largest * 4 / 3 + _PICTURE_CHARACTERS)


def gallery(result: BenchmarkResult, samples: Sequence[Sample], *, most: int = MOST_CHARACTERS) -> Gallery:
    """As many files as there is room for, at least one, in the order of ``samples``.

    Where there is little room, sounds are cut to fewer seconds around their loudest place, then settings are left out:
    of those that stay, codecs have settings at similar bitrates.
    """
    whole = _exhibits(samples)
    if not whole:
        return Gallery("", (), ())
    plan = _plan(whole, most)
    verdicts = {(found.file, found.codec, found.setting): found for found in result.verdicts}
    shown: list[Exhibit] = []
    sections: list[str] = []
    for exhibit in whole:
        room = most - sum(map(len, sections))
        if shown and _SLACK * plan.characters(exhibit) > room:
            continue
        cut = plan.cut(exhibit)
        section = _section(cut, verdicts)
        if not shown or len(section) <= room:
            shown.append(cut)
            sections.append(section)
    return Gallery("".join(sections), tuple(shown), _left_out(whole, shown))


def _exhibits(samples: Sequence[Sample]) -> list[Exhibit]:
    heard = [sample for sample in samples if sample.audio.shape[1]]
    files = dict.fromkeys(sample.file for sample in heard)
    return [_exhibit(file, [sample for sample in heard if sample.file == file]) for file in files]


def _exhibit(file: str, sounds: Sequence[Sample]) -> Exhibit:
    original = next((sound for sound in sounds if sound.codec == ORIGINAL), None)
    versions = [sound for sound in sounds if sound.codec != ORIGINAL]
    like = original or sounds[0]
    return Exhibit(file, original, tuple(_alike(sound, like) for sound in versions))


def _alike(sound: Sample, like: Sample) -> Sample:
    """At the rate and of the length of another."""
    audio = resample(sound.audio, sound.sample_rate, like.sample_rate)
    missing = max(0, like.audio.shape[1] - audio.shape[1])
    audio = np.pad(audio, ((0, 0), (0, missing)))[:, : like.audio.shape[1]]
    return replace(sound, audio=audio, sample_rate=like.sample_rate)


def _plan(whole: Sequence[Exhibit], most: int) -> _Plan:
    """The most generous that has room for some files; the tightest if none has."""
    wanted = whole[:_WANTED_FILES]
    plans = [_Plan(settings, seconds) for settings, seconds in product(_SETTINGS, _SECONDS)]
    return next((plan for plan in plans if sum(map(plan.characters, wanted)) < most), _Plan(1, _LEAST_SECONDS))


def _thinned(versions: Sequence[Sample], most: int) -> tuple[Sample, ...]:
    """At most so many settings of each codec, near the bitrates of those that the first codec keeps."""
    if not versions:
        return ()
    anchors = [kept.kbps for kept in _spread(_of(versions, versions[0].codec), most) if kept.kbps]
    kept: list[Sample] = []
    for codec in dict.fromkeys(version.codec for version in versions):
        own = _of(versions, codec)
        rated = [version for version in own if version.kbps]
        near = {id(min(rated, key=lambda version: _apart(version, anchor))) for anchor in anchors if rated}
        kept += [version for version in own if id(version) in near] if near and len(own) > most else _spread(own, most)
    return tuple(kept)


def _of(versions: Sequence[Sample], codec: str) -> list[Sample]:
    return [version for version in versions if version.codec == codec]


def _apart(version: Sample, kbps: float) -> float:
    return abs(math.log((version.kbps or kbps) / kbps))


def _spread(versions: Sequence[Sample], most: int) -> list[Sample]:
    if len(versions) <= most:
        return list(versions)
    return [versions[round(place)] for place in np.linspace(0, len(versions) - 1, most + 2)[1:-1]]


def _excerpt(exhibit: Exhibit, seconds: float) -> Exhibit:
    """The loudest stretch of so many seconds, the same in all versions."""
    first = exhibit.sounds[0]
    length = round(seconds * first.sample_rate)
    if first.audio.shape[1] <= length:
        return exhibit
    energy = np.concatenate([[0.0], np.cumsum(np.square(first.audio, dtype=np.float64).sum(axis=0))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    cut = [replace(sound, audio=sound.audio[:, start : start + length]) for sound in exhibit.sounds]
    original = cut.pop(0) if exhibit.original else None
    return Exhibit(exhibit.file, original, tuple(cut))


def _section(exhibit: Exhibit, verdicts: Mapping[tuple[str, str, str], FileVerdict]) -> str:
    first = exhibit.sounds[0]
    graph = Spectrograph(first.audio, first.sample_rate)
    figures = "".join(
        player(Shown(exhibit.file, _label(sound), sound.audio, _facts(sound, verdicts)), graph)
        for sound in exhibit.sounds
    )
    meta = f"{first.audio.shape[1] / first.sample_rate:.1f} s at {first.sample_rate / 1000:g} kHz"
    return f"""<section class="sound">
<h3>{escape(exhibit.file)}</h3>
<p class="meta">{meta}</p>
<div class="takes">
{figures}</div>
</section>
"""


def _label(sound: Sample) -> str:
    return "Original" if sound.codec == ORIGINAL else f"{sound.codec} {sound.setting}".strip()


def _facts(sound: Sample, verdicts: Mapping[tuple[str, str, str], FileVerdict]) -> list[tuple[str, str]]:
    rate = [("Real bitrate", f"{sound.kbps:.2f} kb/s")] if sound.kbps else []
    verdict = verdicts.get((sound.file, sound.codec, sound.setting))
    scores = {} if verdict is None else verdict.scores
    judged = [(column(name), value) for name, value in scores.items()]
    return rate + [(each.title, f"{value:.{each.digits}f} {each.unit}".strip()) for each, value in judged]


def _left_out(whole: Sequence[Exhibit], shown: Sequence[Exhibit]) -> tuple[str, ...]:
    """What a listener should know is missing."""
    before = {exhibit.file: exhibit for exhibit in whole}
    told: list[str] = []
    names = [file for file in before if file not in {exhibit.file for exhibit in shown}]
    if names:
        told.append(f"The sounds of {len(names)} of {len(whole)} files are left out: {', '.join(names)}.")
    kept = {(version.codec, version.setting) for exhibit in shown for version in exhibit.versions}
    had = {(version.codec, version.setting): None for exhibit in shown for version in before[exhibit.file].versions}
    gone = [f"{codec} {setting}" for codec, setting in had if (codec, setting) not in kept]
    if gone:
        told.append(f"The sounds of these settings are left out: {', '.join(gone)}.")
    cut = [exhibit for exhibit in shown if _seconds(exhibit) < _seconds(before[exhibit.file])]
    if cut:
        longest = max(map(_seconds, cut))
        told.append(f"Of longer sounds the loudest {longest:.0f} s are here; the figures are those of the whole.")
    return tuple(told)


def _seconds(exhibit: Exhibit) -> float:
    return exhibit.sounds[0].audio.shape[1] / exhibit.sounds[0].sample_rate
