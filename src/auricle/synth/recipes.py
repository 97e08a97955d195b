"""The kinds of sound that `generate` makes: new ones, notes, variations and continuations.

Loops and gaps, which are kinds as well, have files of their own.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import final

import numpy as np
import torch

from auricle.audio import HeldAudio, source_path
from auricle.errors import AudioError, UnfitSoundError
from auricle.synth.priors.sizes import SoundSize, shortest_seconds
from auricle.synth.render_context import RenderContext
from auricle.synth.rendering.attack import with_attack
from auricle.synth.rendering.destination import SoundTarget
from auricle.synth.rendering.level import (
    LevelCheck,
    refuse_loud,
    refuse_other_level,
    refuse_silent,
    trim_trailing_silence,
)
from auricle.synth.rendering.render import concatenate_blocks, decode_together, shortened
from auricle.synth.rendering.result import CUT_SECONDS, END_SECONDS, Sound, finish_sound

_MOST_ATTEMPTS = 8
_ATTEMPTS_AT_REQUESTED_LENGTH, _LENGTHENING = 4, 1.5
"""Attempts at a sound of a length that is asked for, before the prior is told one longer by this factor each time."""


def _level_check(attempt: int, size: SoundSize | None) -> LevelCheck:
    """What refuses a new sound: at the last attempt whatever can be heard passes, at the level that was asked for.

    Args:
        attempt: how often it was drawn before.
        size: what the prior was told of it.
    """
    if attempt == _MOST_ATTEMPTS - 1:
        return refuse_silent
    return refuse_loud if size is None else partial(refuse_other_level, requested_db=size.level_db)


class SoundRecipe(ABC):
    """One kind of sound.

    Attributes:
        batch_size: sounds that are made at once. What a sound is must not depend on how many there are in all, and sums
            are rounded in another way in larger batches; so as many are always made, and the odd ones dropped.
    """

    batch_size = 1

    def __init__(self, context: RenderContext):
        self._context = context

    def render(self, targets: Mapping[int, SoundTarget]) -> list[Sound]:
        """Make at most ``batch_size`` sounds; of the index of each, its target.

        A silent one is drawn again, and a new one whose level is not what was asked for, unless it never is.

        Raises:
            AudioError: one stays silent, however often it is drawn.
        """
        fit: dict[int, Sound] = {}
        for attempt in range(_MOST_ATTEMPTS):
            missing = {index: target for index, target in targets.items() if index not in fit}
            fit |= self._render_fit(missing, attempt) if missing else {}
        silent = [index + 1 for index in targets if index not in fit]
        if silent:
            temperature, seconds = self._context.temperature, self._context.seconds
            length, longer = ("", "") if seconds is None else (f" of {seconds:g} s", "a longer sound, ")
            raise AudioError(
                f"sound {silent[0]}{length} is silent, {_MOST_ATTEMPTS} times in a row, at temperature "
                f"{temperature:g}: choose {longer}a temperature nearer to 1, or another seed"
            )
        return [fit[index] for index in targets]

    @abstractmethod
    def _render_fit(self, targets: Mapping[int, SoundTarget], attempt: int) -> dict[int, Sound]:
        """Those of the sounds, by index, that need not be drawn again."""


class SingleSound(SoundRecipe):
    """A kind of sound that is made alone."""

    def _render_fit(self, targets: Mapping[int, SoundTarget], attempt: int) -> dict[int, Sound]:
        fit = {}
        for index, target in targets.items():
            with suppress(UnfitSoundError):
                fit[index] = self._render_one(self._context.random(index, attempt), target, attempt)
        return fit

    @abstractmethod
    def _render_one(self, random: torch.Generator, target: SoundTarget, attempt: int) -> Sound:
        """One sound, which was drawn ``attempt`` times before; a new one may be refused for its level."""


class StreamedSound(SingleSound):
    """A sound that is decoded block by block."""

    cut_seconds = END_SECONDS
    """Over which its end fades out, unless it is silent."""
    takes_level = True
    """Whether it gets the level that the prior is told."""

    @final
    def _render_one(self, random: torch.Generator, target: SoundTarget, attempt: int) -> Sound:
        context, size = self._context, self._size(random)
        level_db = context.level_db if size is None or not self.takes_level else size.level_db
        return finish_sound(
            self._blocks(random, size), context.native, target, cut_seconds=self.cut_seconds, level_db=level_db
        )

    def _size(self, random: torch.Generator) -> SoundSize | None:
        """The length and level that the prior is told."""
        return self._context.draw_size(random)

    @abstractmethod
    def _blocks(self, random: torch.Generator, size: SoundSize | None) -> Iterator[np.ndarray]:
        """Audio ``(c, t)`` as it is decoded."""


@final
class WindowSound(SoundRecipe):
    """New sounds that fit into a window; of None samples, up to the silence at their end."""

    batch_size = 4

    def __init__(self, context: RenderContext, samples: int | None):
        super().__init__(context)
        self._samples = samples

    def _render_fit(self, targets: Mapping[int, SoundTarget], attempt: int) -> dict[int, Sound]:
        """Draw them side by side; those that are drawn again, one by one."""
        fit = {}
        if attempt:
            for index, target in targets.items():
                with suppress(UnfitSoundError):
                    fit[index] = self.drawn(self._context.random(index, attempt), target, attempt)
            return fit
        first = min(targets) // self.batch_size * self.batch_size
        drawn = self._draw([self._context.random(first + slot) for slot in range(self.batch_size)])
        for index, target in targets.items():
            with suppress(UnfitSoundError):
                fit[index] = self._finish(*drawn[index - first], target, attempt)
        return fit

    def drawn(self, random: torch.Generator, target: SoundTarget, attempt: int) -> Sound:
        """One sound.

        Raises:
            UnfitSoundError: its level is not what the prior was told.
        """
        return self._finish(*self._draw([random], attempt)[0], target, attempt)

    def _draw(self, random: Sequence[torch.Generator], attempt: int = 0) -> list[tuple[np.ndarray, SoundSize | None]]:
        """Audio ``(c, t)`` at the prior's rate of all that was drawn, and what the prior was told, of each sound."""
        context, model = self._context, self._context.networks.model
        sizes = [context.draw_size(generator) for generator in random]
        conditioning_sizes = [self._conditioning_size(size, attempt) for size in sizes if size is not None]
        window = context.networks.prior.window if self._samples is None else model.frames(self._samples)
        pieces = context.sampler.sample(random, sizes=conditioning_sizes or None)
        frames = torch.cat(list(shortened((next(pieces),) if conditioning_sizes else pieces, window)), 1)
        latents = torch.stack(list(context.to_latents(frames[:, None])))
        return list(zip(decode_together(model, latents, quality=context.quality), sizes, strict=True))

    def _conditioning_size(self, size: SoundSize, attempt: int) -> SoundSize:
        """The size that the prior is told: not a shorter one than it learned, and a longer one if that stays silent.

        What is made of it is cut at the length that was asked for.
        """
        sizes = self._context.networks.prior.sizes
        if self._samples is None or sizes is None:
            return size
        seconds = max(size.seconds, shortest_seconds(sizes, self._context.label))
        return size._replace(seconds=seconds * _LENGTHENING ** max(0, attempt + 1 - _ATTEMPTS_AT_REQUESTED_LENGTH))

    def _finish(self, audio: np.ndarray, size: SoundSize | None, target: SoundTarget, attempt: int) -> Sound:
        context, sample_rate = self._context, self._context.native[0]
        level_db = context.level_db if size is None else size.level_db
        samples = self._samples or (round(size.seconds * sample_rate) if size else audio.shape[1])
        audio = audio[:, : max(1, samples)]
        audio = audio if self._samples else trim_trailing_silence(audio, sample_rate)
        if size is not None and not math.isnan(size.attack):
            audio = with_attack(audio, sample_rate, size.attack)
        check = _level_check(attempt, size)
        return finish_sound(
            (audio,), context.native, target, cut_seconds=CUT_SECONDS, level_db=level_db, check_level=check
        )


@final
class LongSound(StreamedSound):
    """A new sound of any length."""

    cut_seconds = CUT_SECONDS

    def __init__(self, context: RenderContext, samples: int):
        super().__init__(context)
        self._samples = samples

    def _blocks(self, random: torch.Generator, size: SoundSize | None) -> Iterator[np.ndarray]:
        context = self._context
        frames = context.sampler.sample((random,), sizes=size and (size,))
        return context.decode(context.to_latents(frames), self._samples)


@final
class NoteSound(SingleSound):
    """A new sound of a prior that knows notes, of any length; up to the silence at its end."""

    def _render_one(self, random: torch.Generator, target: SoundTarget, attempt: int) -> Sound:
        size = self._context.draw_size(random)
        assert size is not None, "a prior of notes is told sizes"
        blocks, native = (self.decoded(random, size),), self._context.native_of(size)
        check = _level_check(attempt, size)
        return finish_sound(
            blocks,
            native,
            target,
            cut_seconds=CUT_SECONDS,
            level_db=size.level_db,
            check_level=check,
            seconds=self._context.seconds,
        )

    def decoded(self, random: torch.Generator, size: SoundSize) -> np.ndarray:
        """Audio ``(c, t)`` at the prior's rate and, of a note, the pitch at which it was learned.

        One that is to be shorter than all that was learned is the beginning of one that is not: the prior does not know
        what a shorter one would be.
        """
        context = self._context
        sizes = context.networks.prior.sizes
        assert sizes is not None, "a prior of notes is told sizes"
        learned_size = size._replace(seconds=max(size.seconds, float(sizes[:, 1].min())))
        frames = context.sampler.sample((random,), sizes=(learned_size,))
        samples = max(1, round(size.seconds * context.networks.prior.sample_rate))
        audio = concatenate_blocks(context.decode(context.to_latents(frames), samples))
        return (
            audio if context.seconds is not None else trim_trailing_silence(audio, context.networks.model.sample_rate)
        )


@final
class Variation(StreamedSound):
    """A variation of a sound, as long as it is."""

    takes_level = False

    def __init__(self, context: RenderContext, source: Path | HeldAudio, strength: float):
        super().__init__(context)
        z, self._samples, level_db = context.encode_sound(source)
        model = context.networks.model
        if self._samples < model.hop_length:
            seconds = self._samples / model.sample_rate
            raise AudioError(f"{source_path(source)} lasts {seconds:.3g} s: that is too short to vary")
        self._features, self._strength = context.to_features(z), strength
        self._source = SoundSize(self._samples / model.sample_rate, level_db)

    def _size(self, random: torch.Generator) -> SoundSize | None:
        return None if self._context.networks.prior.sizes is None else self._source

    def _blocks(self, random: torch.Generator, size: SoundSize | None) -> Iterator[np.ndarray]:
        context = self._context
        frames = context.sampler.vary(random, self._features, self._strength, size)
        return context.decode(context.to_latents(frames), self._samples)


@final
class Continuation(StreamedSound):
    """A sound and what comes after it."""

    takes_level = False
    cut_seconds = CUT_SECONDS

    def __init__(self, context: RenderContext, source: Path | HeldAudio, samples: int):
        super().__init__(context)
        z, native, self._level_db = context.encode_sound(source)
        model = context.networks.model
        # Frames that reach beyond the sound's end would tell the prior that it ends.
        inside = native // model.hop_length - model.encoder_latency
        if inside * model.hop_length <= model.decoder_latency:
            seconds = native / model.sample_rate
            raise AudioError(f"{source_path(source)} lasts {seconds:.3f} s: that is too short to go on from")
        self._z = z[:, :inside]
        self._samples = inside * model.hop_length - model.decoder_latency + samples

    def _size(self, random: torch.Generator) -> SoundSize | None:
        context = self._context
        seconds = self._samples / context.networks.model.sample_rate
        return None if context.networks.prior.sizes is None else SoundSize(seconds, self._level_db)

    def _blocks(self, random: torch.Generator, size: SoundSize | None) -> Iterator[np.ndarray]:
        context = self._context
        frames = context.sampler.sample((random,), context.to_features(self._z), size and (size,))
        return context.decode(chain((self._z,), context.to_latents(frames)), self._samples)
