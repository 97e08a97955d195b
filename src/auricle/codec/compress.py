"""Compress a sound into an .aur file, block by block."""

from contextlib import closing
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, final

from auricle.codec.format.header import STEPS_PER_LEVEL
from auricle.codec.info import bitrate
from auricle.codec.targets import check_target, open_target, refuse_same_file
from auricle.errors import OptionError
from auricle.options.coding import CompressOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, ignore_progress

if TYPE_CHECKING:
    from auricle.audio import AudioSource
    from auricle.model import Autoencoder


@final
@dataclass(frozen=True)
class CompressResult:
    """The .aur file that `compress` wrote.

    Attributes:
        path: the file; None for a pipe.
        bytes: its size.
        seconds: length of the sound.
        kbps: the whole file's kilobits per second, all channels together.
        quality: where the quality dial stands.
        model: name of the model.
        warnings: where the source's sound may be missing: it was cut, or joined from parts.
        is_highest: whether the dial stands at its end: a higher bitrate can't be used.
    """

    path: Path | None
    bytes: int
    seconds: float
    kbps: float
    quality: float
    model: str
    warnings: tuple[str, ...] = ()
    is_highest: bool = False


@check_arguments("kbps")
def compress(
    source: "AudioSource",
    target: Path | str | BinaryIO,
    *,
    model: "Autoencoder | Path | str | None" = None,
    kbps: float | None = None,
    quality: float | None = None,
    options: CompressOptions = CompressOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> CompressResult:
    """Compress a sound. Memory does not grow with its length. Tags of the source are carried along.

    Args:
        source: any audio file of 1 to 8 channels and 8 to 192 kHz, a pipe or open file to read one from, or a sound as
            `auricle.read` returns it: ``(audio, sample_rate)``, floats ``(c, t)`` and Hz.
        target: the .aur file to write, or a pipe. A file that is written to a pipe tells its length at its end only.
        model: a model, a shipped model's name or a model file; by default ``speech`` up to 24 kHz and ``music`` above.
        kbps: the bitrate to stay at or just under, in kilobits per second of the whole file. If even the lowest quality
            is above it, that is used: look at the result's ``kbps``. A sound of up to a minute takes 98 to 100 % of
            it, as a rule, where the dial reaches so far. Of a pipe only the first minute is measured.
        quality: where to set the dial instead, from 0 to the model's highest level, in steps of an eighth. With
            neither, it stands in the middle.
        options: gain, length of packets, and whether the source is a stranger's.
        force: replace ``target``.
        on_progress: called with the seconds that are coded; they start over where a second pass is needed.

    Raises:
        OptionError: the bitrate or quality can't be used.
        AudioError: the source can't be read.
        ModelError: the model is unknown or can't compress.
        OutputError: the target can't be written.
    """
    if kbps is not None and quality is not None:
        raise OptionError("both a bitrate and a quality were given: give one of them")
    if kbps is not None and not (isinstance(kbps, Real) and isfinite(kbps) and kbps > 0):
        raise OptionError(f"a bitrate of {kbps} kb/s: give a number above 0")
    refuse_same_file(source, target)
    check_target(target, force=force)
    from auricle.codec.compress_passes import CompressJob  # loads torch
    from auricle.codec.source import open_source

    with closing(open_source(source, untrusted=options.untrusted)) as sound:
        job = CompressJob.prepare(sound, model, quality=quality, options=options, on_progress=on_progress)
        with open_target(target, force=force) as (file, seekable):
            coded_file = job.write(file, kbps, seekable=seekable)
    seconds = coded_file.samples / sound.sample_rate
    return CompressResult(
        path=Path(target) if isinstance(target, Path | str) else None,
        bytes=coded_file.bytes,
        seconds=seconds,
        kbps=bitrate(coded_file.bytes, seconds),
        quality=coded_file.step / STEPS_PER_LEVEL,
        model=job.model.name,
        warnings=sound.warnings,
        is_highest=coded_file.step == STEPS_PER_LEVEL * (job.model.bottleneck.quality_levels - 1),
    )
