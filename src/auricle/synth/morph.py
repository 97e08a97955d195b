"""What lies between two sounds."""

from dataclasses import replace
from pathlib import Path

from auricle.audio import AudioSource, info, rereadable
from auricle.errors import AudioError, OptionError
from auricle.lock import lock_new_folder
from auricle.model import Autoencoder
from auricle.model.files.file import model_for
from auricle.options.field_types import check_arguments
from auricle.options.synthesis import MorphOptions, SoundFileOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.harmonic.morph import HarmonicMorph, read_morph_source
from auricle.synth.latent_morph import LatentMorph
from auricle.synth.rendering.destination import destination
from auricle.synth.rendering.provenance import algorithm_provenance, model_provenance
from auricle.synth.rendering.result import SynthesisOutput, finish_sound


@check_arguments()
def morph(
    first: AudioSource,
    second: AudioSource,
    options: MorphOptions = MorphOptions(),
    *,
    model: Autoencoder | Path | str | None = None,
    out: Path | str | None = None,
    files: SoundFileOptions = SoundFileOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SynthesisOutput:
    """Make sounds that lie between two sounds, each with one pitch.

    Both sounds are taken apart into partials on their pitch, by a pitch tracker, and what is left; and aligned in time.
    Partials lie evenly, in cents, between those of both sounds, and so do amplitudes, nearly in dB; what is left has
    the spectral envelope between theirs. Sounds without pitch are all left over. The first result is the first sound,
    the last the second. Levels go evenly, in dB, from one to the other's; so do lengths.

    With ``crossfade``, frames lie on the straight line between both sounds' in a model's latent space: both are heard
    at once, and the ends are as the model rebuilds them. Sounds then begin together and the shorter is followed by
    silence, or, with ``align``, are warped in time so that what is alike meets.

    Args:
        first: an audio file; or an open file, or ``(audio, sample_rate)`` as `auricle.read` returns it.
        second: another.
        options: how many sounds, and how they go from one to the other.
        model: for crossfades, whose latent space; by default the shipped speech model up to 24 kHz and the music model
            above.
        out: folder for files that are numbered on from those that it has; for one sound also a file's name; None
            returns the samples.
        files: their rate, bits and format.
        force: replace files; numbers then begin with 1.
        on_progress: is told how many sounds are made.

    Raises:
        AudioError: a sound can't be read, or is silent.
        OptionError: the sounds are too long, or a model is named for what needs none.
        MissingPackageError: the pitch tracker is not installed.
        ModelError: no such model.
        OutputError: a file exists, or can't be written.
    """
    pair_of_sources = rereadable(first, "the first sound"), rereadable(second, "the second sound")
    if model is not None and not options.crossfade:
        raise OptionError("a morph with one pitch needs no model: leave the model out, or ask for a crossfade")
    count = options.sounds
    headers = info(pair_of_sources[0]), info(pair_of_sources[1])
    channels = max(header.channels for header in headers)
    if channels > 2 and headers[0].channels != headers[1].channels:
        counts = " and ".join(str(header.channels) for header in headers)
        raise AudioError(f"sounds of {counts} channels can't be morphed: mix them to the same number first")
    sample_rate = max(header.sample_rate for header in headers)
    loaded = model_for(model, sample_rate) if options.crossfade else None
    native = sample_rate if loaded is None else loaded.sample_rate, channels
    place = destination(out, native, count, files, force=force)
    pair = (
        HarmonicMorph(*(read_morph_source(source, *native) for source in pair_of_sources))
        if loaded is None
        else LatentMorph(pair_of_sources, loaded, channels, aligned=options.align, snap=options.snap)
    )
    sounds = []
    tags = algorithm_provenance("morph") if loaded is None else model_provenance("morph", {"model": loaded.name})
    with lock_new_folder(place.folder):
        for index, target in enumerate(place.targets(["morph"] * count, [tags] * count)):
            share = None if options.within else index / (count - 1)
            blocks, gain = pair.crossfade() if share is None else pair.interpolate(share)
            sounds.append(replace(finish_sound(blocks, native, target, gain=gain), share=share))
            on_progress(Progress("morphing", index + 1, count, "sounds"))
    return SynthesisOutput(tuple(sounds), place.sample_rate, channels)
