"""New sounds from a prior."""

from dataclasses import replace
from pathlib import Path

from auricle.lock import lock_new_folder
from auricle.model import Autoencoder
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.kinds import Continuation, LongSound, Loop, RenderContext, SoundRecipe, Variation, WindowSound
from auricle.synth.priors.base import Prior
from auricle.synth.priors.loading import load_prior_and_model
from auricle.synth.rendering.numbered_files import numbered_paths
from auricle.synth.rendering.render import snap_quality
from auricle.synth.rendering.result import Sound, SynthesisOutput

_SHORTEST_LOOP_SECONDS = 0.25
_CONTINUATION_SECONDS = 4.0


def generate(
    prior: Prior | Path | str,
    options: GenerationOptions = GenerationOptions(),
    *,
    model: Autoencoder | Path | str | None = None,
    sampling: SamplingOptions = SamplingOptions(),
    out: Path | str | None = None,
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SynthesisOutput:
    """Make new sounds. With the same seed, on the same machine, they have the same samples; sound i depends on the seed
    and i alone.

    Samples beyond full scale are turned down together with the 5 ms around them (a loop as a whole); all others are as
    the model decodes them. Memory does not grow with the length of sounds that are written to files.

    Args:
        prior: a prior, a shipped one's name, or a file.
        options: which sounds, and how many.
        model: the autoencoder it was trained on; found by itself if it ships with Auricle or lies beside the prior.
        sampling: how they are drawn.
        out: folder for numbered WAV files; None returns the samples.
        force: replace files.
        on_progress: is told how many seconds of sound are made.

    Raises:
        OptionError: an unknown class (the message lists the known ones), or a length out of range.
        ModelError: no such prior or model, a prior of another model, or a kind of prior that can't do this.
        AudioError: a sound can't be read, is silent or too short.
        OutputError: a file exists, or can't be written.
    """
    options.check_length()
    networks = load_prior_and_model(prior, model)
    label = networks.prior.label(options.label)
    name = Path(options.like or options.after or options.label or ("loop" if options.loop else "sound")).stem
    count = options.count
    paths = [None] * count if out is None else numbered_paths(Path(out), name, count, force=force)
    quality = snap_quality(networks.model, snap=options.snap)
    recipe = _recipe(RenderContext(networks, sampling, label, options.seed, quality), options)
    sounds: list[Sound] = []
    with lock_new_folder(None if out is None else Path(out)):
        for first in range(0, count, recipe.batch_size):
            indices = range(first, min(count, first + recipe.batch_size))
            batch = recipe.render(indices, [paths[index] for index in indices], force=force)
            sounds += [replace(sound, label=options.label) for sound in batch]
            seconds = sum(sound.seconds for sound in sounds)
            on_progress(Progress("making sounds", seconds, seconds * count / len(sounds), "s"))
    details = {
        "prior": networks.prior.info.name,
        "model": networks.model.name,
        "label": options.label,
        "seed": options.seed,
    }
    return SynthesisOutput(tuple(sounds), networks.prior.sample_rate, networks.prior.channels, details)


def _recipe(context: RenderContext, options: GenerationOptions) -> SoundRecipe:
    prior = context.networks.prior
    rate = prior.sample_rate
    samples = None if options.seconds is None else max(1, round(options.seconds * rate))
    if options.loop:
        return Loop(context, samples or max(round(_SHORTEST_LOOP_SECONDS * rate), prior.window * prior.hop_length))
    if options.like is not None:
        return Variation(context, Path(options.like), options.strength)
    if options.after is not None:
        return Continuation(context, Path(options.after), samples or round(_CONTINUATION_SECONDS * rate))
    if samples is not None and samples > context.window_samples:
        return LongSound(context, samples)
    return WindowSound(context, samples)
