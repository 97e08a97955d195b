"""Decompress an .aur file into an audio file, packet by packet."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from auricle.codec.compress import Progress
from auricle.codec.info import info
from auricle.errors import OptionError
from auricle.output import check_output, fresh_file

if TYPE_CHECKING:
    from auricle.model import Autoencoder


@final
@dataclass(frozen=True)
class Decompressed:
    """A sound that came back: its file, length, sample rate in Hz, channels, and samples per channel."""

    path: Path
    seconds: float
    sample_rate: int
    channels: int
    samples: int


def decompress(
    source: Path | str,
    target: Path | str,
    *,
    model: "Autoencoder | Path | str | None" = None,
    force: bool = False,
    on_progress: Progress | None = None,
) -> Decompressed:
    """Decompress an .aur file. The whole file is checked before anything is decoded; memory stays flat.

    Args:
        source: an .aur file.
        target: the audio file to write; its suffix (.wav, .flac, .ogg) chooses the format.
        model: the model that made the file, or its file; by default the shipped one that the file names.
        force: replace ``target``.
        on_progress: is told seconds done and seconds in all.

    Raises:
        FormatError: the source is not an .aur file or is damaged.
        ModelError: the model is unknown, or not the one that made the file.
        OptionError: the target's suffix is not a known format.
        OutputError: the target can't be written.
    """
    source, target = Path(source), Path(target)
    check_output(target, force=force)
    about = info(source)
    if target.exists() and target.samefile(source):
        raise OptionError(f"{target} is the source itself: name another file")
    from auricle.codec.decoding import decode_file, find_model  # loads torch

    loaded = find_model(source, about, model)
    with fresh_file(target, force=force) as temporary:
        decode_file(source, temporary, loaded, about.seconds, on_progress)
    return Decompressed(target, about.seconds, about.sample_rate, about.channels, about.samples)
