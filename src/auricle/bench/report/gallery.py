"""Sounds on the page: which, how much of each, and their players."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import final

import numpy as np

from auricle.audio import resample
from auricle.bench.report.metrics import metric_column
from auricle.bench.scoring.results import ORIGINAL, BenchmarkResult, FileResult, Sample
from auricle.html import PlayerClip, Spectrograph, escape, flac, player

MOST_CHARACTERS = 11_000_000
"""Of sounds and pictures, so that a page stays below 12 MB."""
_PLANNED_FILES = 4
_PICTURE_CHARACTERS = 60_000
_SETTINGS = (99, 4, 3, 2, 1)
_SECONDS = (10.0, 7.0, 5.0)
_LEAST_SECONDS = 3.0
_SLACK = 0.6


@final
@dataclass(frozen=True)
class ComparedFile:
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
    """Sections for the page, the files in them, and what there was no room for."""

    html: str
    files: tuple[ComparedFile, ...]
    left_out: tuple[str, ...]


@final
@dataclass(frozen=True)
class _Plan:
    """At most so many settings of a codec, and so many seconds of a sound."""

    settings: int
    seconds: float

    def cut(self, file: ComparedFile) -> ComparedFile:
        versions = _thinned(file.versions, self.settings)
        return _excerpt(replace(file, versions=versions), self.seconds)

    def characters(self, file: ComparedFile) -> float:
        """About so many: all versions are taken to be as large as the first or last sound."""
        sounds = self.cut(file).sounds
        largest = max(len(flac(sound.audio, sound.sample_rate)) for sound in (sounds[0], sounds[-1]))
        return len(sounds) * (largest * 4 / 3 + _PICTURE_CHARACTERS)


def gallery(result: BenchmarkResult, samples: Sequence[Sample], *, most: int = MOST_CHARACTERS) -> Gallery:
    """As many files as there is room for, at least one, in the order of ``samples``.

    Where there is little room, sounds are cut to fewer seconds around their loudest place, then settings are left out:
    of those that stay, codecs have settings at similar bitrates.
    """
    files = _compared_files(samples)
    if not files:
        return Gallery("", (), ())
    plan = _plan(files, most)
    results = {
        (file_result.file, file_result.codec, file_result.setting): file_result for file_result in result.file_results
    }
    included: list[ComparedFile] = []
    sections: list[str] = []
    for file in files:
        room = most - sum(map(len, sections))
        if included and _SLACK * plan.characters(file) > room:
            continue
        cut = plan.cut(file)
        section = _section(cut, results)
        if not included or len(section) <= room:
            included.append(cut)
            sections.append(section)
    return Gallery("".join(sections), tuple(included), _left_out(files, included))


def _compared_files(samples: Sequence[Sample]) -> list[ComparedFile]:
    audible = [sample for sample in samples if sample.audio.shape[1]]
    names = dict.fromkeys(sample.file for sample in audible)
    return [_compared_file(name, [sample for sample in audible if sample.file == name]) for name in names]


def _compared_file(name: str, sounds: Sequence[Sample]) -> ComparedFile:
    original = next((sound for sound in sounds if sound.codec == ORIGINAL), None)
    versions = [sound for sound in sounds if sound.codec != ORIGINAL]
    reference = original or sounds[0]
    return ComparedFile(name, original, tuple(_matched(sound, reference) for sound in versions))


def _matched(sound: Sample, reference: Sample) -> Sample:
    """At the rate and of the length of another."""
    audio = resample(sound.audio, sound.sample_rate, reference.sample_rate)
    missing = max(0, reference.audio.shape[1] - audio.shape[1])
    audio = np.pad(audio, ((0, 0), (0, missing)))[:, : reference.audio.shape[1]]
    return replace(sound, audio=audio, sample_rate=reference.sample_rate)


def _plan(files: Sequence[ComparedFile], most: int) -> _Plan:
    """The most generous that has room for some files; the tightest if none has."""
    first_files = files[:_PLANNED_FILES]
    plans = [_Plan(settings, seconds) for settings, seconds in product(_SETTINGS, _SECONDS)]
    return next((plan for plan in plans if sum(map(plan.characters, first_files)) < most), _Plan(1, _LEAST_SECONDS))


def _thinned(versions: Sequence[Sample], most: int) -> tuple[Sample, ...]:
    """At most so many settings of each codec, near the bitrates of those that the first codec keeps."""
    if not versions:
        return ()
    anchors = [version.kbps for version in _spread(_of(versions, versions[0].codec), most) if version.kbps]
    selection: list[Sample] = []
    for codec in dict.fromkeys(version.codec for version in versions):
        settings = _of(versions, codec)
        rated = [version for version in settings if version.kbps]
        near = {id(min(rated, key=lambda version: _log_rate_distance(version, anchor))) for anchor in anchors if rated}
        if near and len(settings) > most:
            selection += [version for version in settings if id(version) in near]
        else:
            selection += _spread(settings, most)
    return tuple(selection)


def _of(versions: Sequence[Sample], codec: str) -> list[Sample]:
    return [version for version in versions if version.codec == codec]


def _log_rate_distance(version: Sample, kbps: float) -> float:
    return abs(math.log((version.kbps or kbps) / kbps))


def _spread(versions: Sequence[Sample], most: int) -> list[Sample]:
    if len(versions) <= most:
        return list(versions)
    return [versions[round(place)] for place in np.linspace(0, len(versions) - 1, most + 2)[1:-1]]


def _excerpt(file: ComparedFile, seconds: float) -> ComparedFile:
    """The loudest stretch of so many seconds, the same in all versions."""
    first = file.sounds[0]
    length = round(seconds * first.sample_rate)
    if first.audio.shape[1] <= length:
        return file
    energy = np.concatenate([[0.0], np.cumsum(np.square(first.audio, dtype=np.float64).sum(axis=0))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    cut = [replace(sound, audio=sound.audio[:, start : start + length]) for sound in file.sounds]
    original = cut.pop(0) if file.original else None
    return ComparedFile(file.file, original, tuple(cut))


def _section(file: ComparedFile, results: Mapping[tuple[str, str, str], FileResult]) -> str:
    first = file.sounds[0]
    graph = Spectrograph(first.audio, first.sample_rate)
    figures = "".join(
        player(PlayerClip(file.file, _label(sound), sound.audio, _facts(sound, results)), graph)
        for sound in file.sounds
    )
    meta = f"{first.audio.shape[1] / first.sample_rate:.1f} s at {first.sample_rate / 1000:g} kHz"
    return f"""<section class="sound">
<h3>{escape(file.file)}</h3>
<p class="meta">{meta}</p>
<div class="takes">
{figures}</div>
</section>
"""


def _label(sound: Sample) -> str:
    return "Original" if sound.codec == ORIGINAL else f"{sound.codec} {sound.setting}".strip()


def _facts(sound: Sample, results: Mapping[tuple[str, str, str], FileResult]) -> list[tuple[str, str]]:
    rate = [("Real bitrate", f"{sound.kbps:.2f} kb/s")] if sound.kbps else []
    result = results.get((sound.file, sound.codec, sound.setting))
    scores = {} if result is None else result.scores
    columns = [(metric_column(name), value) for name, value in scores.items()]
    return rate + [(column.title, f"{value:.{column.digits}f} {column.unit}".strip()) for column, value in columns]


def _left_out(files: Sequence[ComparedFile], included: Sequence[ComparedFile]) -> tuple[str, ...]:
    """What a listener should know is missing."""
    complete = {file.file: file for file in files}
    lines: list[str] = []
    names = [name for name in complete if name not in {file.file for file in included}]
    if names:
        lines.append(f"The sounds of {len(names)} of {len(files)} files are left out: {', '.join(names)}.")
    settings = {(version.codec, version.setting) for file in included for version in file.versions}
    all_settings = {
        (version.codec, version.setting): None for file in included for version in complete[file.file].versions
    }
    missing = [f"{codec} {setting}" for codec, setting in all_settings if (codec, setting) not in settings]
    if missing:
        lines.append(f"The sounds of these settings are left out: {', '.join(missing)}.")
    cut = [file for file in included if _seconds(file) < _seconds(complete[file.file])]
    if cut:
        longest = max(map(_seconds, cut))
        lines.append(f"Of longer sounds the loudest {longest:.0f} s are here; the figures are those of the whole.")
    return tuple(lines)


def _seconds(file: ComparedFile) -> float:
    return file.sounds[0].audio.shape[1] / file.sounds[0].sample_rate
