"""The sounds of a benchmark: chosen, cut, and what is wrong with the others."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from auricle.bench.scoring.clips import Clip, excerpt
from auricle.bench.scoring.results import FileAbout
from auricle.data import Rejected, Sound, scan
from auricle.data.scan import MIN_SECONDS, examine_header
from auricle.errors import AudioError, DataError

_HIGHEST_RATE = 48_000


@final
@dataclass(frozen=True)
class Material:
    """What is coded.

    Attributes:
        clips: excerpts of the files that can be used, in the order of their names.
        files: all files that were chosen, those that were left out with the reason.
        notes: what to know about them.
    """

    clips: tuple[Clip, ...]
    files: tuple[FileAbout, ...]
    notes: tuple[str, ...]

    @property
    def rate(self) -> int:
        """The most frequent sample rate in Hz, at most 48000."""
        counted = Counter(clip.sample_rate for clip in self.clips)
        return min(_HIGHEST_RATE, max(counted, key=lambda rate: (counted[rate], rate)))


def gather(sounds: Sequence[str | Path], *, files: int, seconds: float, seed: int) -> Material:
    """Choose and cut.

    Args:
        sounds: audio files, and folders that are searched at any depth.
        files: of those found so many are used; which ones depends on their names and the seed alone.
        seconds: longest excerpt of a file.
        seed: decides the choice.

    Raises:
        DataError: a folder is missing or holds no usable sound, or no file can be used.
    """
    found, refused = _found(sounds)
    total = len(found) + len(refused)
    found = sorted(found, key=lambda sound: hashlib.sha256(f"{seed}/{sound.name}".encode()).digest())[:files]
    clips: list[Clip] = []
    for sound in sorted(found, key=lambda sound: sound.name):
        try:
            clips.append(excerpt(sound, seconds))
        except AudioError as error:
            refused.append(Rejected(sound.path, str(error)))
    if not clips:
        first = f"; the first problem: {refused[0].reason}" if refused else ""
        raise DataError(f"none of {total} files can be used{first}")
    about = [FileAbout(clip.name, clip.seconds, clip.sample_rate, clip.audio.shape[0]) for clip in clips]
    lost = [FileAbout(each.path.name, 0.0, 0, 0, _brief(each)) for each in refused]
    return Material(tuple(clips), (*about, *lost), tuple(_notes(clips, total)))


def _found(sounds: Sequence[str | Path]) -> tuple[list[Sound], list[Rejected]]:
    found: list[Sound] = []
    refused: list[Rejected] = []
    for path in map(Path, sounds):
        if path.is_dir():
            corpus = scan(path)
            found += corpus.sounds
            refused += corpus.rejected
            continue
        looked = examine_header(path, path.name, MIN_SECONDS)
        match looked:
            case Sound():
                found.append(looked)
            case Rejected():
                refused.append(looked)
    return _with_own_names(found), refused


def _with_own_names(found: list[Sound]) -> list[Sound]:
    """Files of several folders may share a name; a file given twice counts once."""
    once = list({sound.path.absolute(): sound for sound in found[::-1]}.values())[::-1]
    counted = Counter(sound.name for sound in once)
    return [
        sound if counted[sound.name] == 1 else replace(sound, name=f"{sound.path.parent.name}/{sound.name}")
        for sound in once
    ]


def _notes(clips: Sequence[Clip], total: int) -> list[str]:
    notes = []
    rates = Counter(clip.sample_rate for clip in clips)
    if len(rates) > 1:
        told = ", ".join(f"{count} of {rate} Hz" for rate, count in sorted(rates.items()))
        notes.append(f"files of several sample rates: {told}")
    if total > len(clips):
        notes.append(f"{len(clips)} of {total} files were used")
    return notes


def _brief(rejected: Rejected) -> str:
    """The reason, with the file's name where its path stands: a result tells nobody where files lie."""
    return rejected.reason.replace(str(rejected.path), rejected.path.name)
