"""Sound without end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, final

import numpy as np
from torch import Tensor

from auricle.atomic import check_writable
from auricle.audio import Resampler, WavStreamWriter
from auricle.errors import OptionError, OutputError
from auricle.model import Autoencoder
from auricle.options.field_types import check_arguments
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.priors.base import Prior
from auricle.synth.priors.loading import load_prior_and_model
from auricle.synth.priors.notes import RequestedNote
from auricle.synth.render_context import RenderContext
from auricle.synth.rendering.level import Limiter, limit_blocks
from auricle.synth.rendering.render import decode_blocks, shortened, snap_quality
from auricle.synth.rendering.result import CUT_SECONDS
from auricle.synth.rendering.spool import BEGIN_SECONDS, BEGIN_SHARE, MOST_OF_SOUND, rise

_CHUNK = 8
_ENDED_FRAMES = 8
_ENDED_DISTANCE = 0.35
"""Root mean square distance from silence, in deviations of the latent, of frames after which a sound has ended."""


@final
@dataclass(frozen=True)
class StreamResult:
    """What was streamed until it ended.

    Attributes:
        seconds: of sound.
        sample_rate: in Hz.
        channels: how many.
        seed: that made it.
    """

    seconds: float
    sample_rate: int
    channels: int
    seed: int


@check_arguments()
def generate_endless(
    prior: Prior | Path | str,
    target: Path | str | BinaryIO,
    options: GenerationOptions = GenerationOptions(),
    *,
    model: Autoencoder | Path | str | None = None,
    sampling: SamplingOptions = SamplingOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> StreamResult:
    """Make sound until whoever listens has enough, or for ``options.seconds``. Memory is flat.

    A prior of long sounds goes on and on; one of short sounds makes one after the other. It begins without a click, and
    what is cut at ``options.seconds`` fades out in its last 0.1 s. A file grows as it is made and can be read at any
    time: its header leaves the length open until it ends.

    Args:
        prior: a prior, a shipped one's name, or a file.
        target: a WAV file, or a binary stream such as ``sys.stdout.buffer``; it is written as fast as it takes.
        options: class, length, seed and rounding; what asks for several, or other than new sounds is refused.
        model: the autoencoder, as in `generate`.
        sampling: as in `generate`.
        force: replace a file.
        on_progress: is told how many seconds of sound are made.

    Raises:
        OptionError: as in `generate`.
        ModelError: as in `generate`.
        OutputError: a file exists, or can't be written. A `BrokenPipeError` passes: whoever listens has enough.
    """
    context = stream_context(prior, options, model, sampling)
    if not isinstance(target, Path | str):
        return _write_stream(context, target, options.seconds, on_progress)
    path = Path(target)
    if path.suffix.lower() != ".wav":
        raise OptionError(f"a stream can't be written to {path.name!r}: end the name with .wav")
    check_writable(path, force=force)
    try:
        with path.open("wb" if force else "xb") as file:
            return _write_stream(context, file, options.seconds, on_progress, is_file=True)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror or error}") from error


def stream_context(
    prior: Prior | Path | str,
    options: GenerationOptions,
    model: Autoencoder | Path | str | None,
    sampling: SamplingOptions,
) -> RenderContext:
    """What `stream_blocks` makes sound of.

    Raises:
        OptionError: as in `generate`; or the options ask for something else than one new sound.
        ModelError: as in `generate`.
    """
    options.check_stream()
    networks = load_prior_and_model(prior, model)
    label, quality = networks.prior.label(options.label), snap_quality(networks.model, snap=options.snap)
    return RenderContext(networks, sampling, label, options.resolve_seed(), quality)


def _write_stream(
    context: RenderContext, file: BinaryIO, seconds: float | None, on_progress: OnProgress, *, is_file: bool = False
) -> StreamResult:
    rate, channels = context.networks.prior.sample_rate, context.networks.prior.channels
    samples = None if seconds is None else max(1, round(seconds * rate))
    with WavStreamWriter(file, rate, channels, frames=None if is_file else samples) as writer:
        try:
            for block in without_clicks(stream_blocks(context), rate, samples):
                writer.write(block)
                on_progress(Progress("making sound", writer.frames / rate, seconds or 0, "s"))
        finally:  # whoever ends it has a file of the length that it came to
            if is_file:
                writer.state_length()
        return StreamResult(writer.frames / rate, rate, channels, context.seed)


def stream_blocks(context: RenderContext) -> Iterator[np.ndarray]:
    """Audio ``(c, t)`` without end, in blocks of any length, within full scale; of a prior of notes always the same."""
    prior, model = context.networks.prior, context.networks.model
    size = context.draw_size(context.random(0))
    if prior.config.notes and size is not None:
        context = replace(context, note=RequestedNote(size.note, size.velocity))
    resampler = Resampler(context.native_of(size)[0], prior.sample_rate, prior.channels)
    latents = context.to_latents(_endless_frames(context))
    blocks = decode_blocks(model, latents, quality=context.quality, chunk=_CHUNK)
    yield from limit_blocks(map(resampler.push, blocks), Limiter(prior.channels, prior.sample_rate))


def without_clicks(blocks: Iterable[np.ndarray], sample_rate: int, samples: int | None) -> Iterator[np.ndarray]:
    """Blocks ``(c, t)`` of a stream, which fades in within 1 ms where it begins with a click, and out where it is cut.

    Args:
        blocks: that may go on for ever.
        sample_rate: in Hz.
        samples: that pass in all; None for all, and no fade at the end.
    """
    begin = position = 0
    most = sample_rate if samples is None else samples // MOST_OF_SOUND
    end = min(most, round(CUT_SECONDS * sample_rate))
    for block in blocks if samples is None else shortened(blocks, samples):
        if position == 0 and block.size:
            is_click = np.abs(block[:, 0]).max() > BEGIN_SHARE * np.abs(block).max()
            begin = min(most, round(BEGIN_SECONDS * sample_rate)) if is_click else 0
        index = position + np.arange(block.shape[1])
        position += block.shape[1]
        gain = rise(index, begin)
        if samples is not None:
            gain = gain * rise(samples - 1 - index, end)
        yield block * gain.astype(np.float32)


def _endless_frames(context: RenderContext) -> Iterator[Tensor]:
    """Frames ``(1, n, features)`` without end; where a sound has ended, another begins."""
    prior, random, sampler = context.networks.prior, context.random(0), context.sampler
    silence = prior.standardise(prior.silence)
    while True:
        size = context.draw_size(random)
        frames = 0
        for piece in sampler.sample((random,), sizes=size and (size,)):
            yield piece
            frames += piece.shape[1]
            distance = piece[0, -_ENDED_FRAMES:] - silence
            has_ended = float(distance.square().mean()) < _ENDED_DISTANCE**2
            if has_ended or (size is not None and frames >= size.seconds * prior.frame_rate):
                break
