"""A folder of sounds: which files lie there, what in it can be used, and what can't and why."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import NamedTuple, final

from auricle import audio
from auricle.errors import AudioError, DataError
from auricle.options.field_types import check_arguments
from auricle.printable import none_usable

MIN_SECONDS = 0.05
"""Shorter sounds are not used."""


@check_arguments()
def audio_names(folder: Path | str, refuse: Callable[[Path, str], None]) -> Iterator[str]:
    """Yield the path, relative to ``folder``, of every file with an audio suffix, folder by folder in the order of
    names.

    Hidden files and folders are passed over. Links are followed; a file or folder reached twice counts once.

    Args:
        folder: where to look.
        refuse: is told about folders that can't be opened, and why.

    Raises:
        DataError: the folder is missing, or a file.
    """
    folder = Path(folder)
    if not folder.exists():
        raise DataError(f"the folder {folder} does not exist: name a folder of sounds")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file: name the folder that holds the sounds")

    def report_closed(error: OSError) -> None:
        refuse(Path(error.filename), f"can't open this folder: {error.strerror}")

    root, visited = os.fspath(folder), _VisitedFiles()
    visited.is_new(root)
    for parent, folders, files in os.walk(root, onerror=report_closed, followlinks=True):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and visited.is_new(os.path.join(parent, name))  # noqa: PTH118
        )
        relative = os.path.relpath(parent, root).replace(os.sep, "/")
        prefix = "" if relative == "." else f"{relative}/"
        for name in sorted(files):
            path = os.path.join(parent, name)  # noqa: PTH118 (a Path each would take much longer)
            if not name.startswith(".") and audio.is_audio_name(name) and visited.is_new(path):
                yield prefix + name


@final
class _VisitedFiles:
    """Files met so far, by device and number."""

    def __init__(self) -> None:
        self._numbers: dict[int, set[int]] = {}

    def is_new(self, path: str) -> bool:
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError:
            return True  # a dangling link: opening it will say so
        numbers = self._numbers.setdefault(status.st_dev, set())
        before = len(numbers)
        numbers.add(status.st_ino)
        return len(numbers) > before


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio file as its header describes it.

    Attributes:
        path: where the file is.
        sample_rate: in Hz.
        channels: number of channels.
        frames: samples per channel (0 if only decoding can tell).
        name: path relative to the scanned folder, with forward slashes.
        held: the sound itself if it is in memory; ``path`` is then only its name.
    """

    path: Path
    sample_rate: int
    channels: int
    frames: int
    name: str
    held: audio.HeldAudio | None = field(default=None, repr=False, compare=False)

    @property
    def source(self) -> Path | audio.HeldAudio:
        """What to open."""
        return self.path if self.held is None else self.held

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


@final
class Rejected(NamedTuple):
    """A file that can't be used, and why, in one line. The path of one at a URL is that, as text."""

    path: Path | str
    reason: str

    @property
    def brief(self) -> tuple[str, str]:
        """Name and reason without the folder: a result that is handed on tells nobody where files lie."""
        name = PurePath(self.path).name
        return name, self.reason.replace(str(self.path), name)


@dataclass(frozen=True)
class Corpus:
    """The sounds of a folder in the order of their names, and the files that were rejected.

    Attributes:
        sounds: those that can be used.
        rejected: those that can't.
        seconds: of all sounds, where that is known already.
    """

    sounds: Sequence[Sound]
    rejected: tuple[Rejected, ...]
    seconds: float | None = None

    @property
    def hours(self) -> float:
        """Total length of the sounds in hours."""
        return (sum(sound.seconds for sound in self.sounds) if self.seconds is None else self.seconds) / 3600


def seconds_by_rate(sounds: Iterable[Sound]) -> dict[int, float]:
    """Length in seconds of all sounds of each sample rate in Hz.

    Only decoding tells how long some are: they count a little, so that they decide where no other does.
    """
    seconds: defaultdict[int, float] = defaultdict(float)
    for sound in sounds:
        seconds[sound.sample_rate] += max(sound.seconds, MIN_SECONDS)
    return dict(seconds)


def scan(folder: Path | str, *, min_seconds: float = MIN_SECONDS) -> Corpus:
    """Find every usable sound below a folder, at any depth, by reading headers only.

    Files are told by their suffix; others (text, tables, pictures) and hidden ones are passed over in
    silence. Links are followed; a file or folder reached twice counts once. Damage that the header does not
    show is found when the sounds are decoded (see `AudioCache.rejected`).

    Args:
        folder: where to look.
        min_seconds: shorter sounds are rejected.

    Raises:
        DataError: the folder is missing or a file, or holds no usable sound.
    """
    folder = Path(folder)
    refused: list[Rejected] = []
    sounds: list[Sound] = []
    for name in audio_names(folder, lambda path, reason: refused.append(Rejected(path, reason))):
        header = examine_header(folder / name, name, min_seconds)
        match header:
            case Sound():
                sounds.append(header)
            case Rejected():
                refused.append(header)
    if not sounds:
        raise DataError(nothing_usable(folder, [file.reason for file in refused]))
    sounds.sort(key=lambda sound: sound.name)
    refused.sort(key=lambda rejected: PurePath(rejected.path).as_posix())
    return Corpus(tuple(sounds), tuple(refused))


def examine_header(source: Path | audio.HeldAudio, name: str, min_seconds: float) -> Sound | Rejected:
    """Read the header of one file, or the shape of a sound in memory."""
    path = audio.source_path(source)
    try:
        info = audio.info(source)
    except AudioError as error:
        return Rejected(path, str(error))
    if info.seconds < min_seconds and (info.exact or info.frames):
        return Rejected(path, f"{path} lasts {info.seconds:.3f} s: sounds must last {min_seconds:g} s or more")
    held = source if isinstance(source, audio.HeldAudio) else None
    return Sound(path, info.sample_rate, info.channels, info.frames, name, held)


def nothing_usable(folder: Path, reasons: Sequence[str]) -> str:
    """Why a folder has no sound, in one line: by what is wrong with each of its files, if it has any."""
    if not reasons:
        return f"{folder} holds no audio files: name a folder with .wav, .flac, .ogg, .mp3 or similar files"
    return f"{folder}: {none_usable(reasons, 'audio file', can='be used', of_folder=True)}"
