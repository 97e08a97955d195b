"""Sounds that a prior makes in order to be judged."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.audio.suffixes import is_audio_name
from auricle.errors import OutputError
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.generate import generate
from auricle.synth.priors.loading import PriorAndModel
from auricle.synth.rendering.destination import safe_file_name


@final
@dataclass(frozen=True)
class GenerationCost:
    """What making them took.

    Attributes:
        sounds: how many were made.
        seconds: of sound in all.
        processor_seconds: of all threads of this process.
        wall_seconds: on the clock.
    """

    sounds: int
    seconds: float
    processor_seconds: float
    wall_seconds: float


def make_sounds(
    prior: PriorAndModel,
    folder: Path,
    per_class: int,
    *,
    seed: int = 0,
    sampling: SamplingOptions = SamplingOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> GenerationCost:
    """Write ``per_class`` sounds of every class of a prior, or of no class if it has none, a folder for each class.

    Args:
        prior: with its autoencoder.
        folder: where to; created if need be.
        per_class: sounds of a class.
        seed: the same one gives the same sounds; classes get seeds of their own.
        sampling: how the prior draws.
        force: replace files.
        on_progress: is told how far the work is.

    Raises:
        OptionError: a number out of range.
        OutputError: there are sounds already, which would be judged with the new ones, or they can't be written.
    """
    started, worked = time.perf_counter(), time.process_time()
    labels: tuple[str | None, ...] = prior.prior.classes or (None,)
    seconds = 0.0
    folders = [folder if label is None else folder.joinpath(*map(_folder_name, label.split("/"))) for label in labels]
    if not force:
        _check_without_sounds(folders)
    for index, (label, place) in enumerate(zip(labels, folders, strict=True)):
        place.mkdir(parents=True, exist_ok=True)  # a class may be called as a file is
        output = generate(
            prior.prior,
            GenerationOptions(label, count=per_class, seed=seed + index),
            model=prior.model,
            sampling=sampling,
            out=place,
            force=force,
            on_progress=lambda progress, index=index: on_progress(
                Progress(progress.stage, index + progress.share, len(labels), "classes")
            ),
        )
        seconds += output.seconds
    return GenerationCost(per_class * len(labels), seconds, time.process_time() - worked, time.perf_counter() - started)


def _check_without_sounds(folders: Iterable[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and any(is_audio_name(path) for path in folder.iterdir()):
            raise OutputError(
                f"{folder} holds sounds already, which would be judged with the new ones: name another folder, or use "
                "--force"
            )


def _folder_name(part: str) -> str:
    """A folder for a class; as it is called, so that it is found again among the real ones, if no path hides in it."""
    return safe_file_name(part) if part in ("", ".", "..") or "\\" in part else part
