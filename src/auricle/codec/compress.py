"""Compress an audio file into an .aur file, block by block."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, final

from auricle.codec.info import info
from auricle.errors import OptionError
from auricle.output import check_output, fresh_file

if TYPE_CHECKING:
    from auricle.model import Autoencoder

Progress = Callable[[float, float], None]
"""Is told how many seconds of sound are done, of how many. Starts over where a bitrate takes a second try."""


@final
@dataclass(frozen=True)
class Compressed:
    """A file that was made.

    Attributes:
        path: the file.
        bytes: its size.
        seconds: length of the sound.
        kbps: the whole file's kilobits per second, all channels together.
        quality: where the quality dial stands.
        model: name of the model.
    """

    path: Path
    bytes: int
    seconds: float
    kbps: float
    quality: float
    model: str


def compress(
    source: Path | str,
    target: Path | str,
    *,
    model: "Autoencoder | Path | str | None" = None,
    kbps: float | None = None,
    quality: float | None = None,
    force: bool = False,
    on_progress: Progress | None = None,
) -> Compressed:
    """Compress an audio file. Memory does not grow with its length.

    Args:
        source: any audio file of 1 to 8 channels and 8 to 192 kHz.
        target: the .aur file to write.
        model: a model, a shipped model's name or a model file; by default ``speech`` up to 24 kHz and ``music`` above.
        kbps: the bitrate to stay at or just under, in kilobits per second of the whole file. If even the lowest quality
            is above it, that is used: look at the result's ``kbps``.
        quality: where to set the dial instead, from 0 to the model's highest level, in steps of an eighth. With
            neither, it stands in the middle.
        force: replace ``target``.
        on_progress: is told seconds done and seconds in all.

    Raises:
        OptionError: the bitrate or quality can't be used.
        AudioError: the source can't be read.
        ModelError: the model is unknown or can't compress.
        OutputError: the target can't be written.
    """
    source, target = Path(source), Path(target)
    check_output(target, force=force)
    if kbps is not None and quality is not None:
        raise OptionError("both a bitrate and a quality were given: give one of them")
    if kbps is not None and not (isfinite(kbps) and kbps > 0):
        raise OptionError(f"a bitrate of {kbps} kb/s: give a number above 0")
    if target.exists() and source.exists() and target.samefile(source):
        raise OptionError(f"{target} is the source itself: name another file")
    from auricle.codec.job import Job  # loads torch

    job = Job.prepare(source, model, quality, on_progress)
    with fresh_file(target, force=force) as temporary:
        if kbps is None:
            job.write(temporary)
        else:
            job.write_within(temporary, kbps)
        made = info(temporary)
    return Compressed(target, made.bytes, made.seconds, made.kbps, made.quality, job.model.name)
