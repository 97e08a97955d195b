"""A folder of sounds: what in it can be used, and what can't and why."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auricle import audio
from auricle.errors import AudioError, DataError


@dataclass(frozen=True)
class Sound:
    """An audio file as its header describes it.

    Attributes:
        path: where the file is.
        sample_rate: in Hz.
        channels: number of channels.
        frames: samples per channel (0 if only decoding can tell).
        name: path relative to the scanned folder, with forward slashes.
    """

    path: Path
    sample_rate: int
    channels: int
    frames: int
    name: str

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


@dataclass(frozen=True)
class Rejected:
    """A file that can't be used, and why, in one line."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Corpus:
    """The sounds of a folder in the order of their names, and the files that were rejected."""

    sounds: tuple[Sound, ...]
    rejected: tuple[Rejected, ...]

    @property
    def hours(self) -> float:
        """Total length of the sounds in hours."""
        return sum(sound.seconds for sound in self.sounds) / 3600


def scan(folder: Path | str, *, min_seconds: float = 0.05) -> Corpus:
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
    if not folder.exists():
        raise DataError(f"the folder {folder} does not exist: name a folder of sounds")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file: name the folder that holds the sounds")
    refused: list[Rejected] = []
    sounds: list[Sound] = []
    for path in _audio_paths(folder, refused):
        found = _examine(path, path.relative_to(folder).as_posix(), min_seconds)
        match found:
            case Sound():
                sounds.append(found)
            case Rejected():
                refused.append(found)
    if not sounds:
        raise DataError(_nothing_usable(folder, refused))
    sounds.sort(key=lambda sound: sound.name)
    refused.sort(key=lambda rejected: rejected.path.as_posix())
    return Corpus(tuple(sounds), tuple(refused))


def _audio_paths(folder: Path, refused: list[Rejected]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        refused.append(Rejected(Path(error.filename), f"can't open this folder: {error.strerror}"))

    seen: set[tuple[int, int]] = set()
    _is_new(folder, seen)
    for place, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and _is_new(here / name, seen))
        for name in sorted(files):
            path = here / name
            if not name.startswith(".") and audio.is_audio_name(path) and _is_new(path, seen):
                yield path


def _is_new(path: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        status = path.stat()
    except OSError:
        return True  # a dangling link: opening it will say so
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _examine(path: Path, name: str, min_seconds: float) -> Sound | Rejected:
    try:
        info = audio.info(path)
    except AudioError as error:
        return Rejected(path, str(error))
    if info.seconds < min_seconds and (info.exact or info.frames):
        return Rejected(path, f"{path} lasts {info.seconds:.3f} s: sounds must last {min_seconds:g} s or more")
    return Sound(path, info.sample_rate, info.channels, info.frames, name)


def _nothing_usable(folder: Path, refused: list[Rejected]) -> str:
    if not refused:
        return f"{folder} holds no audio files: name a folder with .wav, .flac, .ogg, .mp3 or similar files"
    count = "its only audio file" if len(refused) == 1 else f"none of its {len(refused)} audio files"
    verb = "can't be used" if len(refused) == 1 else "can be used"
    return f"{folder}: {count} {verb}; the first problem: {refused[0].reason}"
