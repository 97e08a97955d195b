"""The kinds of sound that `generate` makes: new, like another, after another, or a loop."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import HeldAudio, source_path
from auricle.errors import AudioError, UnfitSoundError
from auricle.options.synthesis import SamplingOptions
from auricle.synth.priors.loading import PriorAndModel
from auricle.synth.priors.notes import NoteAsked, playing_ratio
from auricle.synth.priors.sizes import SoundSize, draw_size, learned_seconds, note_size
from auricle.synth.rendering.destination import SoundTarget
from auricle.synth.rendering.level import (
    LevelCheck,
    decibels,
    refuse_silent,
    refuse_silent_or_loud,
    trim_trailing_silence,
)
from auricle.synth.rendering.mid_side import to_features, to_latents
from auricle.synth.rendering.render import (
    LatentReader,
    chunk_frames,
    concatenate_blocks,
    decode_blocks,
    decode_together,
)
from auricle.synth.rendering.result import CUT_SECONDS, END_SECONDS, Sound, finish_sound
from auricle.synth.sampling.base import Sampler, randomness
from auricle.synth.sampling.dispatch import sampler_for

_MOST_ATTEMPTS = 8
_CHUNKS = 4  # of half a second: what is not played at once is decoded two thirds as long in larger pieces


@final
@dataclass(frozen=True, eq=False)
class RenderContext:
    """What all recipes share: the networks, how to draw, and from which random numbers.

    Attributes:
        networks: prior and autoencoder.
        sampling: how to draw.
        label: number of the class, -1 for none.
        seed: of all sounds.
        quality: at which latents are rounded; None rounds nothing.
        seconds: how long sounds are to be; None for as long as those that the prior learned from.
        level_db: their largest sample in dB below full scale; None for that of those that the prior learned from.
        asked: the note; None for one that the prior learned from.
    """

    networks: PriorAndModel
    sampling: SamplingOptions
    label: int
    seed: int
    quality: float | None
    seconds: float | None = None
    level_db: float | None = None
    asked: NoteAsked | None = None

    @cached_property
    def sampler(self) -> Sampler:
        return sampler_for(self.networks.prior, self.sampling, self.label)

    @property
    def temperature(self) -> float:
        """Of the random numbers."""
        return self.sampling.resolved(notes=self.networks.prior.config.notes).temperature

    @property
    def window_samples(self) -> int:
        """Samples that a window of the prior carries."""
        prior, model = self.networks.prior, self.networks.model
        return max(1, prior.window * prior.hop_length - model.decoder_latency)

    @property
    def native(self) -> tuple[int, int]:
        """Sample rate in Hz, and channels, of what is decoded."""
        return self.networks.prior.sample_rate, self.networks.prior.channels

    def random(self, index: int, attempt: int = 0) -> torch.Generator:
        """The random numbers of sound ``index``, drawn again for the ``attempt``-th time."""
        return randomness(self.seed, index, attempt)

    def draw_size(self, random: torch.Generator) -> SoundSize | None:
        """How long and how loud a sound is to be, and which note: as one that the prior learned from, but for what is
        asked for; None where the prior can't be told."""
        sizes = self.networks.prior.sizes
        if sizes is None:
            return None
        drawn = draw_size(sizes, self.label, random)
        size = drawn if self.asked is None else note_size(sizes, self.label, self.asked, random)
        seconds = size.seconds if self.seconds is None else self.seconds * self.ratio(size)
        return size._replace(seconds=seconds, level_db=size.level_db if self.level_db is None else self.level_db)

    def ratio(self, size: SoundSize | None) -> float:
        """By how much faster than it is decoded a sound is played: notes are made at pitches that fit frames."""
        return 1.0 if size is None else playing_ratio(size.note, self.networks.prior.frame_rate)

    @cached_property
    def makes_hits(self) -> bool:
        """Whether most sounds of the class are known to end within a window."""
        sizes = self.networks.prior.sizes
        ends = sizes is not None and learned_seconds(sizes, self.label) * self.native[0] <= self.window_samples
        return ends and not self.networks.prior.config.notes

    def native_of(self, size: SoundSize | None) -> tuple[int, int]:
        """The rate in Hz at which a decoded sound has its pitch, and its channels."""
        return round(self.native[0] * self.ratio(size)), self.native[1]

    def to_latents(self, frames: Iterable[Tensor]) -> Iterator[Tensor]:
        """Standardised frames ``(1, n, features)`` as latents ``(c, n, d)``."""
        prior = self.networks.prior
        for piece in frames:
            yield to_latents(prior.restore(piece[0]), prior.channels)

    def to_features(self, z: Tensor) -> Tensor:
        """Latents ``(c, n, d)`` as standardised frames ``(n, features)``."""
        return self.networks.prior.standardise(to_features(z))

    def decode(self, latents: Iterable[Tensor], samples: int) -> Iterator[np.ndarray]:
        """Decode ``samples`` of latents that may go on for ever."""
        model = self.networks.model
        frames = model.frames(samples)
        chunk = min(frames, _CHUNKS * chunk_frames(model))
        yield from decode_blocks(model, _first_frames(latents, frames), samples, quality=self.quality, chunk=chunk)

    def encode_sound(self, source: Path | HeldAudio) -> tuple[Tensor, int, float]:
        """Latents ``(c, n, d)`` of a sound, its samples at the model's rate, and its largest one in dB.

        Raises:
            AudioError: it can't be read, or is silent.
        """
        reader = LatentReader(source, self.networks.model, self.networks.prior.channels)
        z = reader.latents()
        if reader.level.silent:
            raise AudioError(f"{reader.path} is silent: name a sound that can be heard")
        return z, reader.native, decibels(reader.level.peak)


def _first_frames(pieces: Iterable[Tensor], frames: int) -> Iterator[Tensor]:
    remaining = frames
    for piece in pieces:
        yield piece[:, :remaining]
        remaining -= piece.shape[1]
        if remaining <= 0:
            return


def _demand(attempt: int) -> LevelCheck:
    """What a new sound's level is to be: the last attempt is turned down where it is too loud."""
    return refuse_silent if attempt == _MOST_ATTEMPTS - 1 else refuse_silent_or_loud


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

        A silent one is drawn again, and a new one that is too loud for full scale, unless it always is.

        Raises:
            AudioError: one stays silent, however often it is drawn.
        """
        fit: dict[int, Sound] = {}
        for attempt in range(_MOST_ATTEMPTS):
            missing = {index: target for index, target in targets.items() if index not in fit}
            fit |= self._render_fit(missing, attempt) if missing else {}
        silent = [index + 1 for index in targets if index not in fit]
        if silent:
            temperature = self._context.temperature
            raise AudioError(
                f"sound {silent[0]} is silent, {_MOST_ATTEMPTS} times in a row, at temperature {temperature:g}: "
                "choose a temperature nearer to 1, or another seed"
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
                fit[index] = self._render_one(self._context.random(index, attempt), target, _demand(attempt))
        return fit

    @abstractmethod
    def _render_one(self, random: torch.Generator, target: SoundTarget, demand: LevelCheck) -> Sound:
        """One sound; a new one that is not as ``demand`` will have it raises that."""


class StreamedSound(SingleSound):
    """A sound that is decoded block by block."""

    cut_seconds = END_SECONDS
    """Over which its end fades out, unless it is silent."""
    takes_level = True
    """Whether it gets the level that the prior is told."""

    @final
    def _render_one(self, random: torch.Generator, target: SoundTarget, demand: LevelCheck) -> Sound:
        context, size = self._context, self._size(random)
        level_db = context.level_db if size is None or not self.takes_level else size.level_db
        return finish_sound(
            self._blocks(random, size), context.native, target, cut_seconds=self.cut_seconds, level_db=level_db
        )

    def _size(self, random: torch.Generator) -> SoundSize | None:
        """What the prior is told."""
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
        fit, demand = {}, _demand(attempt)
        if attempt:
            for index, target in targets.items():
                with suppress(UnfitSoundError):
                    fit[index] = self.drawn(self._context.random(index, attempt), target, demand)
            return fit
        first = min(targets) // self.batch_size * self.batch_size
        drawn = self._draw([self._context.random(first + slot) for slot in range(self.batch_size)])
        for index, target in targets.items():
            with suppress(UnfitSoundError):
                fit[index] = self._finished(*drawn[index - first], target, demand)
        return fit

    def drawn(self, random: torch.Generator, target: SoundTarget, demand: LevelCheck) -> Sound:
        """One sound.

        Raises:
            UnfitSoundError: it is not as ``demand`` will have it.
        """
        return self._finished(*self._draw([random])[0], target, demand)

    def _draw(self, random: Sequence[torch.Generator]) -> list[tuple[np.ndarray, SoundSize | None]]:
        """Audio ``(c, t)`` at the prior's rate of all that was drawn, and what the prior was told, of each sound."""
        context, model = self._context, self._context.networks.model
        sizes = [context.draw_size(generator) for generator in random]
        told = [size for size in sizes if size is not None]
        window = context.networks.prior.window if self._samples is None else model.frames(self._samples)
        pieces = context.sampler.sample(random, sizes=told or None)
        frames = torch.cat(list(_first_frames(pieces if not told else (next(pieces),), window)), 1)
        latents = torch.stack(list(context.to_latents(frames[:, None])))
        return list(zip(decode_together(model, latents, quality=context.quality), sizes, strict=True))

    def _finished(self, audio: np.ndarray, size: SoundSize | None, target: SoundTarget, demand: LevelCheck) -> Sound:
        context, sample_rate = self._context, self._context.native[0]
        level_db = context.level_db if size is None else size.level_db
        samples = self._samples or (round(size.seconds * sample_rate) if size else audio.shape[1])
        audio = audio[:, : max(1, samples)]
        blocks = (audio if self._samples else trim_trailing_silence(audio, sample_rate),)
        return finish_sound(blocks, context.native, target, cut_seconds=CUT_SECONDS, level_db=level_db, demand=demand)


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

    def _render_one(self, random: torch.Generator, target: SoundTarget, demand: LevelCheck) -> Sound:
        size = self._context.draw_size(random)
        assert size is not None, "a prior of notes is told sizes"
        blocks, native = (self.decoded(random, size),), self._context.native_of(size)
        return finish_sound(blocks, native, target, cut_seconds=CUT_SECONDS, level_db=size.level_db, demand=demand)

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
        self._features, self._strength = context.to_features(z), strength
        self._source = SoundSize(self._samples / context.networks.model.sample_rate, level_db)

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
