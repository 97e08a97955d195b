"""Every file of a folder of sounds, looked at as a source of training."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.data.doctor.diagnosis import CLIPPED, OFFSET, diagnose, too_quiet
from auricle.data.doctor.duplicates import (
    COMPARED_SECONDS,
    Group,
    candidate_pairs,
    confirmed_pairs,
    exact_copies,
    groups,
)
from auricle.data.doctor.examine import FileReport, LevelTable, examine, first_seconds
from auricle.data.ordered_map import ordered_map
from auricle.data.scan import Rejected, audio_names
from auricle.data.split import Side, sides
from auricle.errors import DataError
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.verdict import Verdict

_MAX_THREADS = 8
_BATCH = 8  # files per task: a task of one tiny file would cost more to hand out than to do
_MAX_COMPARED = 5000


@final
@dataclass(frozen=True, slots=True)
class Outlier:
    """A file that stands out, and by how much."""

    name: str
    value: float


@final
@dataclass(frozen=True, slots=True)
class DuplicateReport:
    """Files with the same content.

    Attributes:
        names: the files.
        exact: whether all their samples are the same, else they are the same recording cut, scaled or coded.
        leak: whether some are trained on and others are held out.
    """

    names: tuple[str, ...]
    exact: bool
    leak: bool


@final
@dataclass(frozen=True)
class SoundsHealth:
    """What a folder of sounds holds, and what is wrong with it.

    Attributes:
        folder: that was looked at.
        quick: only headers were read: figures of levels, clipping, silence, offset and duplicates are missing.
        files: audio files found.
        usable: how many can be trained on.
        seconds: of usable sound.
        rates: seconds of sound by sample rate in Hz.
        channels: usable files by number of channels.
        rejected: what can't be used, and why.
        incomplete: what can be used though some of its sound may be missing, and where.
        clipped: files with flat tops, by the share of their samples, the worst first.
        silent: names of files that are silent throughout.
        offset: files with a constant in them, by its magnitude, the worst first.
        quiet: files that are too quiet, by their level in dB of full scale, the worst first.
        duplicates: files with the same content.
        verdicts: all of this in plain lines.
    """

    folder: Path
    quick: bool
    files: int
    usable: int
    seconds: float
    rates: Mapping[int, float]
    channels: Mapping[int, int]
    rejected: tuple[Rejected, ...]
    incomplete: tuple[Rejected, ...]
    clipped: tuple[Outlier, ...]
    silent: tuple[str, ...]
    offset: tuple[Outlier, ...]
    quiet: tuple[Outlier, ...]
    duplicates: tuple[DuplicateReport, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def can_train(self) -> bool:
        """Whether there is anything to train on."""
        return self.usable > 0


def examine_sounds(
    folder: Path | str,
    *,
    quick: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SoundsHealth:
    """Look at every audio file below a folder: what can't be used and why, levels, clipping, copies, leaks.

    Every file is decoded to its end, block by block, on a few threads; memory grows by some hundred bytes a file.
    Duplicates are found by their first minute.

    Args:
        folder: sounds in any nesting, format, rate and channel count.
        quick: read headers only.
        on_progress: is told how many files are read, then how many pairs of them are compared.

    Raises:
        DataError: the folder is missing, a file, or holds no audio files.
    """
    folder = Path(folder)
    rejected: list[Rejected] = []
    names = list(audio_names(folder, lambda path, reason: rejected.append(Rejected(path, reason))))
    if not names and not rejected:
        raise DataError(f"{folder} holds no audio files: name a folder with .wav, .flac, .ogg, .mp3 or similar files")
    levels, incomplete = LevelTable(len(names), sketches=not quick), list[Rejected]()
    for index, report in enumerate(_file_reports(folder, names, quick)):
        match report:
            case FileReport():
                levels.put(index, report)
                incomplete += [Rejected(folder / names[index], line) for line in report.warnings]
            case Rejected():
                rejected.append(report)
        on_progress(Progress("reading sounds", index + 1, len(names), "files"))
    duplicate_groups, compared_all = _find_duplicates(folder, names, levels, on_progress)
    duplicates = _duplicate_reports(duplicate_groups, names, levels)
    return _health(folder, names, levels, rejected, incomplete, duplicates, quick, compared_all)


def _file_reports(folder: Path, names: Sequence[str], quick: bool) -> Iterator[FileReport | Rejected]:
    """Findings in the order of names. (libsndfile, soxr and most of numpy release Python's lock.)"""

    def look(first: int) -> list[FileReport | Rejected]:
        return [examine(folder / name, name, quick=quick) for name in names[first : first + _BATCH]]

    threads = min(_MAX_THREADS, os.cpu_count() or 1)
    for reports in ordered_map(look, range(0, len(names), _BATCH), threads=threads, queue=4 * threads):
        yield from reports


def _find_duplicates(
    folder: Path, names: Sequence[str], levels: LevelTable, on_progress: OnProgress
) -> tuple[tuple[Group, ...], bool]:
    """Groups of the same content, and whether every likely pair was compared."""
    exact = exact_copies(levels.digest, levels.sounding)
    is_single = levels.sounding.copy()
    for copies in exact:
        is_single[copies[1:]] = False
    pairs = candidate_pairs(levels.sketch, is_single)

    def load_sound(index: int) -> np.ndarray:
        return first_seconds(folder / names[index], COMPARED_SECONDS)

    near_copies = list(confirmed_pairs(pairs, load_sound, max_pairs=_MAX_COMPARED, on_progress=on_progress))
    return groups(exact, near_copies), len(pairs) <= _MAX_COMPARED


def _duplicate_reports(
    duplicate_groups: tuple[Group, ...], names: Sequence[str], levels: LevelTable
) -> tuple[DuplicateReport, ...]:
    if not duplicate_groups:
        return ()
    usable = np.flatnonzero(levels.usable)
    side = np.full(len(names), Side.neither, np.uint8)
    side[usable] = sides([names[index] for index in usable.tolist()])
    return tuple(
        DuplicateReport(
            tuple(names[index] for index in group.members),
            group.exact,
            leak={int(Side.train), int(Side.held_out)} <= set(side[list(group.members)].tolist()),
        )
        for group in duplicate_groups
    )


def _health(
    folder: Path,
    names: Sequence[str],
    levels: LevelTable,
    rejected: list[Rejected],
    incomplete: list[Rejected],
    duplicates: tuple[DuplicateReport, ...],
    quick: bool,
    compared_all: bool,
) -> SoundsHealth:
    usable = levels.usable
    rates = np.unique(levels.rate[usable])
    channels, counts = np.unique(levels.channels[usable], return_counts=True)
    rejected.sort(key=lambda refused: refused.path)
    silent = [] if quick else np.flatnonzero(usable & ~levels.sounding).tolist()
    quiet = too_quiet(levels.level)
    return SoundsHealth(
        folder=folder,
        quick=quick,
        files=len(names),
        usable=int(usable.sum()),
        seconds=float(levels.seconds.sum()),
        rates={int(rate): float(levels.seconds[levels.rate == rate].sum()) for rate in rates},
        channels=dict(zip(channels.tolist(), counts.tolist(), strict=True)),
        rejected=tuple(rejected),
        incomplete=tuple(incomplete),
        clipped=_outliers(names, levels.clipped, levels.clipped >= CLIPPED, worst=-1),
        silent=tuple(names[index] for index in silent),
        offset=_outliers(names, levels.offset, levels.offset >= OFFSET, worst=-1),
        quiet=_outliers(names, levels.level, quiet, worst=1),
        duplicates=duplicates,
        verdicts=diagnose(
            levels,
            rejected=len(rejected),
            incomplete=len({part.path for part in incomplete}),
            duplicates=[(len(group.names), group.exact, group.leak) for group in duplicates],
            quick=quick,
            compared_all=compared_all,
        ),
    )


def _outliers(names: Sequence[str], values: np.ndarray, mask: np.ndarray, *, worst: int) -> tuple[Outlier, ...]:
    """The files of the mask, the highest values first, or with ``worst`` of 1 the lowest."""
    indices = np.flatnonzero(mask)
    ordered = indices[np.argsort(worst * values[indices], kind="stable")]
    return tuple(Outlier(names[index], float(values[index])) for index in map(int, ordered))
