"""A folder of sounds: what in it can be used, and what can't and why."""

from dataclasses import dataclass
from pathlib import Path

from auricle import audio
from auricle.data.listing import audio_names
from auricle.errors import AudioError, DataError

MIN_SECONDS = 0.05
"""Shorter sounds are not used."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
        found = examine_header(folder / name, name, min_seconds)
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


def examine_header(path: Path, name: str, min_seconds: float) -> Sound | Rejected:
    """Read the header of one file."""
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
