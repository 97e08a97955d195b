"""One sound's performance through a model of another sound (as in RAVE, Caillon and Esling, 2021)."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import final

import numpy as np
from torch import Tensor

from auricle.audio import AudioSource, HeldAudio, Resampler, rereadable
from auricle.errors import AudioError, OptionError
from auricle.lock import lock_new_folder
from auricle.model import Autoencoder
from auricle.model.files.file import model_for
from auricle.options.synthesis import SoundFileOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.rendering.destination import destination
from auricle.synth.rendering.level import SoundLevel, matching_gain
from auricle.synth.rendering.provenance import made_by_model
from auricle.synth.rendering.render import LatentReader, decode_blocks
from auricle.synth.rendering.result import SynthesisOutput, finish_sound


def transfer(
    sound: AudioSource,
    onto: Autoencoder | Path | str,
    *,
    quality: float | None = None,
    out: Path | str | None = None,
    files: SoundFileOptions = SoundFileOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SynthesisOutput:
    """Let a sound be heard through an autoencoder that was trained on other sound.

    The result has the sound's rate, channels, length and, unless it would clip, its level. The sound is read twice, in
    blocks; memory is flat if the result goes to a file.

    Args:
        sound: an audio file; or an open file, or ``(audio, sample_rate)`` as `auricle.read` returns it.
        onto: the model.
        quality: round latents to the grid of the model's quantiser at this place of its quality dial, 0 to its highest
            level. The lower, the less of the sound gets through and the more is the model's own. None rounds nothing.
        out: a file's name, or a folder for a file that is numbered on from those that it has; None returns the samples.
        files: its rate (by default the sound's), bits and format.
        force: replace a file; the number is then 1.
        on_progress: is told which share is done.

    Raises:
        AudioError: the sound can't be read, or is silent.
        OptionError: the quality is not on the model's dial.
        ModelError: no such model.
        OutputError: a file exists, or can't be written.
    """
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
    gain = matching_gain(reader.level.rms, level)
    blocks = (block * np.float32(gain) for block in passes.blocks(0.5))
    with lock_new_folder(place.folder):
        (target,) = place.targets([reader.path.stem], [made_by_model("transfer", {"model": model.name})])
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
