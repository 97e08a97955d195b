"""The recordings of the demo: those in the package, or a folder of one's own."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import AudioReader
from auricle.data import Rejected, Sound, scan
from auricle.errors import AudioError, DataError

MOST_PIECES = 12
MOST_SECONDS = 10.0


@final
@dataclass(frozen=True, eq=False)
class Excerpt:
    """The beginning of a recording.

    Attributes:
        title: the file's name without folders and suffix.
        name: path below the scanned folder.
        audio: float32 ``(c, t)``.
        sample_rate: in Hz.
        recording_seconds: length of the whole recording.
    """

    title: str
    name: str
    audio: np.ndarray
    sample_rate: int
    recording_seconds: float

    @property
    def seconds(self) -> float:
        """Length of the excerpt."""
        return self.audio.shape[1] / self.sample_rate

    @property
    def pcm_bytes(self) -> int:
        """Size as plain 16-bit samples."""
        return 2 * self.audio.size


@final
@dataclass(frozen=True)
class DemoSounds:
    """What the demo plays, what could not be read, and whom to thank (Markdown, empty for one's own sounds)."""

    excerpts: tuple[Excerpt, ...]
    rejected: tuple[Rejected, ...]
    credits: str


def read_excerpts(folder: Path | None) -> DemoSounds:
    """Read the excerpts: at most 12 files, spread over the folder, the first 10 seconds of each.

    Args:
        folder: one's own sounds, or None for those in the package.

    Raises:
        DataError: the folder is missing, a file, or holds no usable sound.
    """
    source = folder if folder is not None else Path(str(resources.files("auricle") / "demo" / "sounds"))
    corpus = scan(source)
    step = -(-len(corpus.sounds) // MOST_PIECES)
    excerpts, rejected = [], list(corpus.rejected)
    for sound in corpus.sounds[::step]:
        try:
            excerpts.append(_read(sound))
        except AudioError as error:
            rejected.append(Rejected(sound.path, str(error)))
    if not excerpts:
        raise DataError(f"{source} holds no sound that can be decoded; the first problem: {rejected[0].reason}")
    return DemoSounds(
        tuple(excerpts), tuple(rejected), "" if folder is not None else (source / "CREDITS.md").read_text("utf-8")
    )


def _read(sound: Sound) -> Excerpt:
    longest = round(MOST_SECONDS * sound.sample_rate)
    blocks: list[np.ndarray] = []
    with AudioReader(sound.path) as reader:
        for block in reader.blocks(sound.sample_rate):
            blocks.append(block)
            if sum(part.shape[1] for part in blocks) >= longest:
                break
    if not blocks:
        raise AudioError(f"{sound.path} holds no samples")
    audio = np.concatenate(blocks, axis=1)[:, :longest]
    return Excerpt(
        sound.path.stem, sound.name, audio, sound.sample_rate, max(sound.seconds, audio.shape[1] / sound.sample_rate)
    )
