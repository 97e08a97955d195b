"""The kinds of sound that `generate` makes: new, like another, after another, or a loop."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import HeldAudio, source_path
from auricle.errors import AudioError, SilentSoundError
from auricle.options.synthesis import SamplingOptions
from auricle.synth.priors.loading import PriorAndModel
from auricle.synth.priors.notes import NoteAsked, playing_ratio
from auricle.synth.priors.sizes import SoundSize, draw_size, note_size
from auricle.synth.rendering.destination import SoundTarget
from auricle.synth.rendering.level import decibels, trim_trailing_silence
from auricle.synth.rendering.loop import decode_loop, measure_seam
from auricle.synth.rendering.mid_side import to_features, to_latents
from auricle.synth.rendering.render import LatentReader, concatenate_blocks, decode_blocks
from auricle.synth.rendering.result import CUT_SECONDS, END_SECONDS, Sound, finish_sound
from auricle.synth.sampling.base import Sampler, randomness
from auricle.synth.sampling.dispatch import sampler_for

_MOST_ATTEMPTS = 8


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
        yield from decode_blocks(model, _first_frames(latents, model.frames(samples)), samples, quality=self.quality)

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
        """Make at most ``batch_size`` sounds; of the index of each, its target. A silent one is drawn again.

        Raises:
            AudioError: one stays silent, however often it is drawn.
        """
        audible: dict[int, Sound] = {}
        for attempt in range(_MOST_ATTEMPTS):
            missing = {index: target for index, target in targets.items() if index not in audible}
            audible |= self._render_audible(missing, attempt) if missing else {}
        silent = [index + 1 for index in targets if index not in audible]
        if silent:
            temperature = self._context.temperature
            raise AudioError(
                f"sound {silent[0]} is silent, {_MOST_ATTEMPTS} times in a row, at temperature {temperature:g}: "
                "choose a temperature nearer to 1, or another seed"
            )
        return [audible[index] for index in targets]

    @abstractmethod
    def _render_audible(self, targets: Mapping[int, SoundTarget], attempt: int) -> dict[int, Sound]:
        """Those of the sounds, by index, that can be heard."""


class SingleSound(SoundRecipe):
    """A kind of sound that is made alone."""

    def _render_audible(self, targets: Mapping[int, SoundTarget], attempt: int) -> dict[int, Sound]:
        audible = {}
        for index, target in targets.items():
            with suppress(SilentSoundError):
                audible[index] = self._render_one(self._context.random(index, attempt), target)
        return audible

    @abstractmethod
    def _render_one(self, random: torch.Generator, target: SoundTarget) -> Sound: ...


class StreamedSound(SingleSound):
    """A sound that is decoded block by block."""

    cut_seconds = END_SECONDS
    """Over which its end fades out, unless it is silent."""
    takes_level = True
    """Whether it gets the level that the prior is told."""

    @final
    def _render_one(self, random: torch.Generator, target: SoundTarget) -> Sound:
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

    def _render_audible(self, targets: Mapping[int, SoundTarget], attempt: int) -> dict[int, Sound]:
        """Draw them side by side."""
        context = self._context
        first = min(targets) // self.batch_size * self.batch_size
        random = [context.random(first + slot, attempt) for slot in range(self.batch_size)]
        sizes = [size for size in map(context.draw_size, random) if size is not None]
        pieces = context.sampler.sample(random, sizes=sizes or None)
        frames = next(pieces) if sizes else torch.cat(list(_first_frames(pieces, context.networks.prior.window)), 1)
        audible = {}
        for index, target in targets.items():
            size = sizes[index - first] if sizes else None
            level_db = context.level_db if size is None else size.level_db
            with suppress(SilentSoundError):
                blocks = self._decoded(frames[index - first, None], size)
                audible[index] = finish_sound(
                    blocks, context.native, target, cut_seconds=CUT_SECONDS, level_db=level_db
                )
        return audible

    def _decoded(self, frames: Tensor, size: SoundSize | None) -> Iterable[np.ndarray]:
        context = self._context
        latents = context.to_latents((frames,))
        if self._samples is not None:
            return context.decode(latents, self._samples)
        model = context.networks.model
        samples = max(1, frames.shape[1] * model.hop_length - model.decoder_latency)
        if size is not None:
            samples = min(samples, max(1, round(size.seconds * model.sample_rate)))
        audio = concatenate_blocks(context.decode(latents, samples))
        return (trim_trailing_silence(audio, model.sample_rate),)


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

    def _render_one(self, random: torch.Generator, target: SoundTarget) -> Sound:
        size = self._context.draw_size(random)
        assert size is not None, "a prior of notes is told sizes"
        native, audio = self._context.native_of(size), self.decoded(random, size)
        return finish_sound((audio,), native, target, cut_seconds=CUT_SECONDS, level_db=size.level_db)

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


@final
class Loop(SingleSound):
    """A sound whose end goes on to its beginning: neither fades."""

    def __init__(self, context: RenderContext, seconds: float):
        super().__init__(context)
        self._seconds = seconds

    def _render_one(self, random: torch.Generator, target: SoundTarget) -> Sound:
        """At the rate that is asked for: it is resampled as the periodic signal that it is."""
        context = self._context
        prior, model = context.networks.prior, context.networks.model
        size = context.draw_size(random)
        frames = max(1, round(self._seconds * context.ratio(size) * prior.frame_rate))
        endless = None if size is None else size._replace(seconds=self._seconds * context.ratio(size))
        (z,) = context.to_latents((context.sampler.sample_loop(random, frames, endless),))
        audio = decode_loop(model, z, round(self._seconds * target.sample_rate), quality=context.quality)
        level_db = context.level_db if size is None else size.level_db
        native = target.sample_rate, prior.channels
        sound = finish_sound((audio,), native, target, cut_seconds=0.0, level_db=level_db)
        return replace(sound, seam=measure_seam(audio))
