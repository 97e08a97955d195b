"""The sounds of a benchmark: chosen, cut, and what is wrong with the others."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from auricle.bench.scoring.clips import Clip, excerpt
from auricle.bench.scoring.results import BenchmarkFile
from auricle.data import Rejected, Sound, scan
from auricle.data.scan import MIN_SECONDS, examine_header
from auricle.errors import AudioError, DataError
from auricle.printable import none_usable

_HIGHEST_RATE = 48_000


@final
@dataclass(frozen=True)
class BenchmarkCorpus:
    """What is coded.

    Attributes:
        clips: excerpts of the files that can be used, in the order of their names.
        files: all files that were chosen, those that were left out with the reason.
        notes: what to know about them.
    """

    clips: tuple[Clip, ...]
    files: tuple[BenchmarkFile, ...]
    notes: tuple[str, ...]

    @property
    def sample_rate(self) -> int:
        """The most frequent sample rate in Hz, at most 48000."""
        counts = Counter(clip.sample_rate for clip in self.clips)
        return min(_HIGHEST_RATE, max(counts, key=lambda rate: (counts[rate], rate)))


def select_clips(sounds: Sequence[str | Path], *, files: int, seconds: float, seed: int) -> BenchmarkCorpus:
    """Choose files and cut one clip from each.

    Args:
        sounds: audio files, and folders that are searched at any depth.
        files: of those found so many are used, or all that can be; which ones depends on their names and the seed
            alone.
        seconds: longest excerpt of a file.
        seed: decides the choice.

    Raises:
        DataError: a folder is missing or holds no usable sound, or no file can be used.
    """
    usable, rejected = _scan(sounds)
    total = len(usable) + len(rejected)
    clips: list[Clip] = []
    for sound in sorted(usable, key=lambda sound: hashlib.sha256(f"{seed}/{sound.name}".encode()).digest()):
        if len(clips) == files:
            break
        try:
            clips.append(excerpt(sound, seconds))
        except AudioError as error:
            rejected.append(Rejected(sound.path, str(error)))
    clips.sort(key=lambda clip: clip.name)
    if not clips:
        raise DataError(none_usable([file.reason for file in rejected], "file", can="be used"))
    about = [BenchmarkFile(clip.name, clip.seconds, clip.sample_rate, clip.audio.shape[0]) for clip in clips]
    unusable = [BenchmarkFile(name, 0.0, 0, 0, reason) for name, reason in (file.brief for file in rejected)]
    return BenchmarkCorpus(tuple(clips), (*about, *unusable), tuple(_notes(clips, total)))


def _scan(sounds: Sequence[str | Path]) -> tuple[list[Sound], list[Rejected]]:
    usable: list[Sound] = []
    rejected: list[Rejected] = []
    for path in map(Path, sounds):
        if path.is_dir():
            corpus = scan(path)
            usable += corpus.sounds
            rejected += corpus.rejected
            continue
        header = examine_header(path, path.name, MIN_SECONDS)
        match header:
            case Sound():
                usable.append(header)
            case Rejected():
                rejected.append(header)
    return _with_unique_names(usable), rejected


def _with_unique_names(sounds: list[Sound]) -> list[Sound]:
    """Files of several folders may share a name; a file given twice counts once."""
    once = list({sound.path.absolute(): sound for sound in sounds[::-1]}.values())[::-1]
    counts = Counter(sound.name for sound in once)
    return [
        sound if counts[sound.name] == 1 else replace(sound, name=f"{sound.path.parent.name}/{sound.name}")
        for sound in once
    ]


def _notes(clips: Sequence[Clip], total: int) -> list[str]:
    notes = []
    rates = Counter(clip.sample_rate for clip in clips)
    if len(rates) > 1:
        text = ", ".join(f"{count} of {rate} Hz" for rate, count in sorted(rates.items()))
        notes.append(f"files of several sample rates: {text}")
    if total > len(clips):
        notes.append(f"{len(clips)} of {total} files were used")
    return notes
