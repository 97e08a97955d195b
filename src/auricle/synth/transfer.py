"""One sound's performance with the timbre of others."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import final

import numpy as np
from torch import Tensor

from auricle.audio import AudioSource, HeldAudio, Resampler, info, rereadable, source_path
from auricle.data.scan import Rejected
from auricle.errors import AudioError, OptionError
from auricle.lock import lock_new_folder
from auricle.model import Autoencoder
from auricle.model.files.file import model_for, names_model
from auricle.options.field_types import check_arguments
from auricle.options.synthesis import NoteOptions, SamplingOptions, SoundFileOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.harmonic.examples import (
    TimbreExamples,
    learned_timbre,
    timbre_conversion,
    timbre_examples,
    transferred,
)
from auricle.synth.playable.performance import Performance
from auricle.synth.priors.base import Prior
from auricle.synth.priors.loading import load_prior_and_model
from auricle.synth.rendering.destination import destination
from auricle.synth.rendering.level import SoundLevel, audible_gain
from auricle.synth.rendering.provenance import model_provenance
from auricle.synth.rendering.render import LatentReader, decode_blocks
from auricle.synth.rendering.result import SynthesisOutput, finish_sound


@check_arguments()
def transfer(
    sound: AudioSource,
    onto: Autoencoder | Prior | Path | str,
    *,
    quality: float | None = None,
    out: Path | str | None = None,
    files: SoundFileOptions = SoundFileOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SynthesisOutput:
    """Play a sound with another's timbre.

    Onto a folder of sounds, a sound or a prior (of which sounds are drawn): the result has the sound's pitch, loudness
    and rhythm, and at each moment the spectrum that the others have at such a pitch and loudness. Onto a prior that
    knows notes: it plays them, with the sound's pitch and loudness at each moment. Onto a model: the
    sound is heard through it (as in RAVE, Caillon and Esling, 2021); how much of it is left depends on the model.

    The result has the sound's rate, channels, length and, unless it would clip, its level. Through a model the sound is
    read twice, in blocks; memory is flat if the result goes to a file. Files of a folder that can't be used are left
    out, and the result names them.

    Args:
        sound: an audio file; or an open file, or ``(audio, sample_rate)`` as `auricle.read` returns it.
        onto: a folder of sounds, an audio file, a prior or its file; or a model, its shipped name or its file.
        quality: of a model, round latents to the grid of its quantiser at this place of its quality dial, 0 to its
            highest level. The lower, the less of the sound gets through and the more is the model's own. None rounds
            nothing.
        out: a file's name, or a folder for a file that is numbered on from those that it has; None returns the samples.
        files: its rate (by default the sound's), bits and format.
        force: replace a file; the number is then 1.
        on_progress: is told which share is done.

    Raises:
        AudioError: the sound can't be read, or is silent; or none of those whose timbre it is to get can be.
        OptionError: the quality is not on the model's dial, the sound is too long, or ``onto`` is nothing of these.
        ModelError: no such model or prior.
        MissingPackageError: the pitch tracker is not installed.
        OutputError: a file exists, or can't be written.
    """
    examples = None if isinstance(onto, Autoencoder) else timbre_examples(onto)
    if examples is None:
        return _through_model(sound, onto, quality, out, files, force=force, on_progress=on_progress)
    if quality is not None:
        raise OptionError("the quality is that of a model's quantiser: leave it out, or transfer onto a model")
    source = rereadable(sound)
    header, name = info(source), Path(source_path(source)).stem
    native = header.sample_rate, header.channels
    place = destination(out, native, 1, files, force=force)
    rejected = [*examples.rejected]
    audio, gain = transferred(source, _conversion(examples, rejected.append, on_progress))
    with lock_new_folder(place.folder):
        (target,) = place.targets([name], [examples.tags])
        output = finish_sound((audio,), native, target, gain=gain)
    return SynthesisOutput((output,), place.sample_rate, native[1], {"examples": examples.name}, tuple(rejected))


def _conversion(
    examples: TimbreExamples, leave_out: Callable[[Rejected], None], on_progress: OnProgress
) -> Callable[[np.ndarray, int], np.ndarray]:
    """A prior that knows notes plays the sound; what else there is gives it a timbre."""
    networks = None if examples.prior is None else load_prior_and_model(examples.prior, None)
    if networks is not None and networks.prior.config.notes:
        return Performance(networks, NoteOptions("C4", seed=0), SamplingOptions()).play
    return timbre_conversion(lambda rate: learned_timbre(examples, rate, leave_out, on_progress))


def _through_model(
    sound: AudioSource,
    onto: Autoencoder | Prior | Path | str,
    quality: float | None,
    out: Path | str | None,
    files: SoundFileOptions,
    *,
    force: bool,
    on_progress: OnProgress,
) -> SynthesisOutput:
    assert not isinstance(onto, Prior), "a prior is no model"
    if not (isinstance(onto, Autoencoder) or names_model(onto)):
        raise OptionError(f"there is no sound, folder, prior or model {str(onto)!r}: check the name")
    model = model_for(onto, 0)
    highest = model.bottleneck.quality_levels - 1
    if quality is not None and not 0 <= quality <= highest:
        raise OptionError(f"quality {quality:g} is not on the dial of {model.name!r}: give 0 to {highest}")
    passes = _ModelPasses(rereadable(sound), model, quality, on_progress)
    native = passes.reader.sample_rate, passes.reader.channels
    place = destination(out, native, 1, files, force=force)
    level = SoundLevel()
    for block in passes.blocks(0.0):
        level.add(block)
    reader = passes.reader
    if reader.level.silent:
        raise AudioError(f"{reader.path} is silent: there is nothing to transfer, name another sound")
    gain = audible_gain(reader.level, level)
    blocks = (block * np.float32(gain) for block in passes.blocks(0.5))
    with lock_new_folder(place.folder):
        (target,) = place.targets([reader.path.stem], [model_provenance("transfer", {"model": model.name})])
        output = finish_sound(blocks, native, target, gain=gain)
    return SynthesisOutput((output,), place.sample_rate, native[1], {"model": model.name})


@final
class _ModelPasses:
    """A file through a model, as often as need be."""

    def __init__(self, source: Path | HeldAudio, model: Autoencoder, quality: float | None, on_progress: OnProgress):
        self._source, self._model, self._quality, self._on_progress = source, model, quality, on_progress
        self.reader = LatentReader(source, model)

    def blocks(self, share: float) -> Iterator[np.ndarray]:
        """Audio ``(c, t)`` at the file's rate, as many samples as it has; ``share`` is done before."""
        self.reader = LatentReader(self._source, self._model)
        resampler = Resampler(self._model.sample_rate, self.reader.sample_rate, self.reader.channels)
        native, samples = decode_blocks(self._model, self._latents(share), quality=self._quality), 0
        for block in chain(map(resampler.push, native), _flushed(resampler)):
            # Only after the end is it known how many samples there are; before, there are never too many.
            cut = block[:, : max(0, self.reader.samples - samples)] if self.reader.ended else block
            samples += cut.shape[1]
            yield cut

    def _latents(self, share: float) -> Iterator[Tensor]:
        total = max(1, self.reader.promised)
        for piece in self.reader:
            yield piece
            self._on_progress(Progress("transferring", share + 0.5 * min(1.0, self.reader.samples / total), 1, ""))


def _flushed(resampler: Resampler) -> Iterator[np.ndarray]:
    yield resampler.flush()
