"""One sound's performance through a model of another sound (as in RAVE, Caillon and Esling, 2021)."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import final

import numpy as np
from torch import Tensor

from auricle.audio import Resampler
from auricle.errors import AudioError, OptionError
from auricle.model import Autoencoder
from auricle.model.files.file import model_for
from auricle.synth.rendering.level import Level, Limiter, decibels, limited, matching_gain
from auricle.synth.rendering.numbered_files import numbered, write_blocks
from auricle.synth.rendering.render import Listener, spoken, whole
from auricle.synth.rendering.result import Made, Sound


def transfer(
    sound: Path | str,
    onto: Autoencoder | Path | str,
    *,
    quality: float | None = None,
    out: Path | str | None = None,
    force: bool = False,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Made:
    """Let a sound be heard through an autoencoder that was trained on other sound.

    The result has the sound's rate, channels, length and, unless it would clip, its level. The sound is read twice, in
    blocks; memory is flat if the result goes to a file.

    Args:
        sound: an audio file.
        onto: the model.
        quality: round latents to the grid of the model's quantiser at this place of its quality dial, 0 to its highest
            level. The lower, the less of the sound gets through and the more is the model's own. None rounds nothing.
        out: folder for a numbered WAV file; None returns the samples.
        force: replace a file.
        on_progress: is told the share that is done.

    Raises:
        AudioError: the sound can't be read, or is silent.
        OptionError: the quality is not on the model's dial.
        ModelError: no such model.
        OutputError: a file exists, or can't be written.
    """
    path = Path(sound)
    model = model_for(onto, 0)
    highest = model.bottleneck.quality_levels - 1
    if quality is not None and not 0 <= quality <= highest:
        raise OptionError(f"quality {quality:g} is not on the dial of {model.name!r}: give 0 to {highest}")
    target = None if out is None else numbered(Path(out), path.stem, 1, force=force)[0]
    heard = _Heard(path, model, quality, on_progress)
    made = Level()
    for block in heard.blocks(0.0):
        made.add(block)
    if heard.listener.level.silent:
        raise AudioError(f"{path} is silent: there is nothing to transfer, name another sound")
    gain = matching_gain(heard.listener.level.rms, made)
    rate, channels = heard.listener.sample_rate, heard.listener.channels
    limiter = Limiter(channels, rate)
    blocks, audio = limited((block * np.float32(gain) for block in heard.blocks(0.5)), limiter), None
    if target is None:
        audio = whole(blocks)
    else:
        write_blocks(target, blocks, rate, channels, force=force)
    changed = decibels(gain * limiter.reduction)
    one = Sound(heard.listener.samples / rate, changed, target, audio)
    return Made((one,), rate, channels, {"model": model.name})


@final
class _Heard:
    """A file through a model, as often as it is asked for."""

    def __init__(self, path: Path, model: Autoencoder, quality: float | None, on_progress: Callable[[float], None]):
        self._path, self._model, self._quality, self._on_progress = path, model, quality, on_progress
        self.listener = Listener(path, model)

    def blocks(self, begun: float) -> Iterator[np.ndarray]:
        """Audio ``(c, t)`` at the file's rate, as many samples as it has; ``begun`` is the share done before."""
        self.listener = Listener(self._path, self._model)
        back = Resampler(self._model.sample_rate, self.listener.sample_rate, self.listener.channels)
        native, given = spoken(self._model, self._listened(begun), quality=self._quality), 0
        for ready in chain(map(back.push, native), _last(back)):
            # Only after the end is it known how many samples there are; what was given before is never too much.
            kept = ready[:, : max(0, self.listener.samples - given)] if self.listener.ended else ready
            given += kept.shape[1]
            yield kept

    def _listened(self, begun: float) -> Iterator[Tensor]:
        total = max(1, self.listener.promised)
        for piece in self.listener:
            yield piece
            self._on_progress(begun + 0.5 * min(1.0, self.listener.samples / total))


def _last(resampler: Resampler) -> Iterator[np.ndarray]:
    yield resampler.flush()
