"""Sounds that a prior makes in order to be judged."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.errors import OptionError
from auricle.synth.generate import generate
from auricle.synth.priors.loading import Chosen
from auricle.synth.rendering.numbered_files import safe
from auricle.synth.sampling.base import Taste

GUIDANCE = 2.0
"""As `auricle.generate` has it."""


@final
@dataclass(frozen=True)
class Making:
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
    prior: Chosen,
    folder: Path,
    each: int,
    *,
    seed: int = 0,
    taste: Taste | None = None,
    force: bool = False,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Making:
    """Write ``each`` sounds of every class of a prior, or of no class if it has none, a folder for each class.

    Args:
        prior: with its autoencoder.
        folder: where to; created if need be.
        each: sounds of a class.
        seed: the same one gives the same sounds; classes get seeds of their own.
        taste: guidance, steps and temperature; its class is not used.
        force: replace files.
        on_progress: is told the share that is done.

    Raises:
        OptionError: a number out of range.
        OutputError: a file exists, or can't be written.
    """
    if each < 1:
        raise OptionError(f"{each} sounds of a class: give 1 or more")
    started, worked = time.perf_counter(), time.process_time()
    given = taste or Taste(guidance=GUIDANCE)
    labels: tuple[str | None, ...] = prior.prior.classes or (None,)
    seconds = 0.0
    for index, label in enumerate(labels):
        made = generate(
            prior.prior,
            model=prior.model,
            count=each,
            label=label,
            seed=seed + index,
            guidance=given.guidance,
            steps=given.steps,
            temperature=given.temperature,
            out=folder if label is None else folder.joinpath(*map(_place, label.split("/"))),
            force=force,
            on_progress=lambda done, total, index=index: on_progress((index + done / total) / len(labels)),
        )
        seconds += made.seconds
    return Making(each * len(labels), seconds, time.process_time() - worked, time.perf_counter() - started)


def _place(part: str) -> str:
    """A folder for a class; as it is called, so that it is found again among the real ones, if no path hides in it."""
    return safe(part) if part in ("", ".", "..") or "\\" in part else part
