"""Sound without end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import BinaryIO, final

import numpy as np
import torch
from torch import Tensor

from auricle.atomic import check_writable
from auricle.audio import WavStreamWriter
from auricle.errors import OptionError, OutputError
from auricle.model import Autoencoder
from auricle.synth.priors.base import Prior
from auricle.synth.priors.loading import Chosen, chosen
from auricle.synth.rendering.level import Limiter, limited
from auricle.synth.rendering.mid_side import to_latents
from auricle.synth.rendering.render import best, spoken
from auricle.synth.sampling.base import Taste, randomness
from auricle.synth.sampling.dispatch import sampler_for

_CHUNK = 8
_ENDED_FRAMES = 8
_ENDED_DISTANCE = 0.35
"""Root mean square distance from silence, in deviations of the latent, of frames after which a sound has ended."""


@final
@dataclass(frozen=True)
class Streamed:
    """What was streamed until it ended.

    Attributes:
        seconds: of sound.
        sample_rate: in Hz.
        channels: how many.
    """

    seconds: float
    sample_rate: int
    channels: int


def generate_endless(
    prior: Prior | Path | str,
    target: Path | str | BinaryIO,
    *,
    model: Autoencoder | Path | str | None = None,
    label: str | None = None,
    seconds: float | None = None,
    seed: int = 0,
    guidance: float = 2.0,
    steps: int = 4,
    temperature: float = 1.0,
    snap: bool = False,
    force: bool = False,
    on_progress: Callable[[float], None] = lambda seconds: None,
) -> Streamed:
    """Make sound until whoever listens has enough, or for ``seconds``. Memory is flat.

    A prior of long sounds goes on and on; one of short sounds makes one after the other. A file grows as it is made and
    can be read at any time; it is a WAV whose header leaves its length open.

    Args:
        prior: a prior, a shipped one's name, or a file.
        target: a WAV file, or a binary stream such as ``sys.stdout.buffer``; it is written as fast as it takes.
        model: the autoencoder, as in `generate`.
        label: the class; None for any.
        seconds: when to stop; None is never.
        seed: 0 or more.
        guidance: as in `generate`.
        steps: as in `generate`.
        temperature: as in `generate`.
        snap: as in `generate`.
        force: replace a file.
        on_progress: is told seconds done.

    Raises:
        OptionError: as in `generate`.
        ModelError: as in `generate`.
        OutputError: a file exists, or can't be written. A `BrokenPipeError` passes: whoever listens has enough.
    """
    if seconds is not None and not (isfinite(seconds) and seconds > 0):
        raise OptionError(f"a stream of {seconds:g} s: give more than 0, or leave the seconds out")
    random = randomness(seed, 0)
    use = chosen(prior, model)
    taste = Taste.of(use.prior, label, guidance, steps, temperature)
    if not isinstance(target, Path | str):
        return _pour(use, taste, random, target, seconds, best(use.model, snap=snap), on_progress)
    path = Path(target)
    if path.suffix.lower() != ".wav":
        raise OptionError(f"a stream can't be written to {path.name!r}: end the name with .wav")
    check_writable(path, force=force)
    try:
        with path.open("wb") as file:
            return _pour(use, taste, random, file, seconds, best(use.model, snap=snap), on_progress)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror or error}") from error


def _pour(
    use: Chosen,
    taste: Taste,
    random: torch.Generator,
    file: BinaryIO,
    seconds: float | None,
    quality: float | None,
    on_progress: Callable[[float], None],
) -> Streamed:
    rate, channels = use.prior.sample_rate, use.prior.channels
    samples = None if seconds is None else max(1, round(seconds * rate))
    with WavStreamWriter(file, rate, channels, frames=samples) as writer:
        for block in sound(use, taste, random, quality):
            left = block.shape[1] if samples is None else samples - writer.frames
            writer.write(block[:, :left])
            on_progress(writer.frames / rate)
            if writer.frames == samples:
                break
        return Streamed(writer.frames / rate, rate, channels)


def sound(use: Chosen, taste: Taste, random: torch.Generator, quality: float | None = None) -> Iterator[np.ndarray]:
    """Audio ``(c, t)`` without end, in blocks of any length, within full scale."""
    prior = use.prior
    latents = (to_latents(prior.restore(piece[0]), prior.channels) for piece in _frames(use, taste, random))
    blocks = spoken(use.model, latents, quality=quality, chunk=_CHUNK)
    yield from limited(blocks, Limiter(prior.channels, prior.sample_rate))


def _frames(use: Chosen, taste: Taste, random: torch.Generator) -> Iterator[Tensor]:
    """Frames ``(1, n, features)`` without end; where a sound has ended, another begins."""
    silence = use.prior.standardise(use.prior.silence)
    while True:
        for piece in sampler_for(use.prior).run(taste, (random,)):
            yield piece
            away = piece[0, -_ENDED_FRAMES:] - silence
            if float(away.square().mean()) < _ENDED_DISTANCE**2:
                break
