"""New sounds from a prior."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from auricle.audio import HeldAudio, rereadable, source_path
from auricle.errors import OptionError
from auricle.lock import lock_new_folder
from auricle.model import Autoencoder
from auricle.options.field_types import check_arguments
from auricle.options.synthesis import GenerationOptions, SamplingOptions, SoundFileOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.gap import FilledGap
from auricle.synth.loops import HitLoop, Loop
from auricle.synth.priors.base import Prior
from auricle.synth.priors.loading import load_prior_and_model
from auricle.synth.recipes import (
    Continuation,
    LongSound,
    NoteSound,
    SoundRecipe,
    Variation,
    WindowSound,
)
from auricle.synth.render_context import RenderContext
from auricle.synth.rendering.destination import Destination, SoundTarget, destination
from auricle.synth.rendering.provenance import model_provenance
from auricle.synth.rendering.render import snap_quality
from auricle.synth.rendering.result import Sound, SynthesisOutput

_SHORTEST_LOOP_SECONDS = 0.25
_CONTINUATION_SECONDS = 4.0
_GAP_SECONDS = 0.25
_Source = Path | HeldAudio


@check_arguments()
def generate(
    prior: Prior | Path | str,
    options: GenerationOptions = GenerationOptions(),
    *,
    model: Autoencoder | Path | str | None = None,
    sampling: SamplingOptions = SamplingOptions(),
    out: Path | str | None = None,
    files: SoundFileOptions = SoundFileOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SynthesisOutput:
    """Make new sounds. With the same seed, on the same machine, they have the same samples; sound i depends on the
    seed, its class and i alone.

    A new sound that would be over full scale by more than 1 dB is drawn again, what else would clip is turned down as
    a whole; one that would begin or end with a click is faded there, and a silent one is drawn again. Memory does not
    grow with the length of sounds that are written to files.

    Args:
        prior: a prior, a shipped one's name, or a file.
        options: which sounds, and how many.
        model: the autoencoder it was trained on; found by itself if it ships with Auricle or lies beside the prior.
        sampling: how they are drawn.
        out: folder for files that are numbered on from those that it has; for one sound also a file's name; None
            returns the samples.
        files: their rate, bits and format.
        force: replace files; numbers then begin with 1.
        on_progress: is told how many seconds of sound are made.

    Raises:
        OptionError: an unknown class (the message lists the known ones), or a length out of range.
        ModelError: no such prior or model, a prior of another model, or a kind of prior that can't do this.
        AudioError: a sound can't be read, is silent or too short; or what is made stays silent.
        OutputError: a file exists, or can't be written.
    """
    options.check_length()
    networks = load_prior_and_model(prior, model)
    labels = networks.prior.labels(options.label)
    total = options.count * len(labels)
    native = networks.prior.sample_rate, networks.prior.channels
    place = destination(out, native, total, files, force=force)
    quality, seed = snap_quality(networks.model, snap=options.snap), options.resolve_seed()
    details = {"prior": networks.prior.info.name, "model": networks.model.name, "seed": seed}
    contexts = [
        RenderContext(networks, sampling, label, seed, quality, options.seconds, options.level) for label in labels
    ]
    sources = _sources(options)
    if options.between is not None:
        details["between"] = " and ".join(source_path(source).name for source in sources)
    recipes = [_recipe(context, options, sources) for context in contexts]
    sounds: list[Sound] = []
    with lock_new_folder(place.folder):
        for label, recipe in zip(labels, recipes, strict=True):
            name = networks.prior.class_name(label)
            for batch in _batches(recipe, _targets(place, options, name, sources, details)):
                sounds += [replace(sound, label=name) for sound in recipe.render(batch)]
                seconds = sum(sound.seconds for sound in sounds)
                on_progress(Progress("making sounds", seconds, seconds * total / len(sounds), "s"))
    names = ",".join(filter(None, map(networks.prior.class_name, labels))) or None
    return SynthesisOutput(tuple(sounds), place.sample_rate, native[1], {**details, "label": names})


def _targets(
    place: Destination,
    options: GenerationOptions,
    label: str | None,
    sources: Sequence[_Source],
    details: Mapping[str, object],
) -> list[SoundTarget]:
    """A target for each sound of a class, with tags that say how it was made."""
    stems = "-".join(source_path(source).stem for source in sources)
    name = stems or label or ("loop" if options.loop else "sound")
    facts = {**details, "class": label}
    tags = [model_provenance("generate", {**facts, "sound": number}) for number in range(1, options.count + 1)]
    return place.targets([name] * options.count, tags)


def _batches(recipe: SoundRecipe, targets: Sequence[SoundTarget]) -> Iterator[dict[int, SoundTarget]]:
    for first in range(0, len(targets), recipe.batch_size):
        yield dict(enumerate(targets[first : first + recipe.batch_size], first))


def _sources(options: GenerationOptions) -> tuple[_Source, ...]:
    """The sounds that new ones are like, come after or lie between."""
    if options.between is not None:
        first, second = options.between
        return rereadable(first, "the first sound"), rereadable(second, "the second sound")
    source = options.after if options.like is None else options.like
    return () if source is None else (rereadable(source, "the sound"),)


def _recipe(context: RenderContext, options: GenerationOptions, sources: tuple[_Source, ...]) -> SoundRecipe:
    prior = context.networks.prior
    rate, seconds = prior.sample_rate, options.seconds
    samples = None if seconds is None else max(1, round(seconds * rate))
    if options.loop:
        kind = HitLoop if context.makes_hits else Loop
        return kind(context, seconds or max(_SHORTEST_LOOP_SECONDS, prior.window / prior.frame_rate))
    if sources and prior.config.notes:
        raise OptionError(
            f"the prior {prior.info.name!r} makes notes, new ones and loops of them: leave --like, --continue and "
            "--between out"
        )
    if options.between is not None:
        return FilledGap(
            context, (sources[0], sources[1]), samples or round(_GAP_SECONDS * rate), options.resolved_strength
        )
    if options.like is not None:
        return Variation(context, sources[0], options.resolved_strength)
    if options.after is not None:
        return Continuation(context, sources[0], samples or round(_CONTINUATION_SECONDS * rate))
    if prior.config.notes:
        return NoteSound(context)
    if samples is not None and samples > context.window_samples:
        return LongSound(context, samples)
    return WindowSound(context, samples)
