"""The kinds of sound that `generate` makes: new, like another, after another, or a loop."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.errors import AudioError
from auricle.options.synthesis import SamplingOptions
from auricle.synth.priors.loading import PriorAndModel
from auricle.synth.rendering.level import CEILING, SoundLevel, decibels, trim_trailing_silence
from auricle.synth.rendering.loop import decode_loop, measure_seam
from auricle.synth.rendering.mid_side import to_features, to_latents
from auricle.synth.rendering.numbered_files import write_blocks
from auricle.synth.rendering.render import LatentReader, concatenate_blocks, decode_blocks
from auricle.synth.rendering.result import Sound, limited_sound
from auricle.synth.sampling.base import Sampler, randomness
from auricle.synth.sampling.dispatch import sampler_for


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
    """

    networks: PriorAndModel
    sampling: SamplingOptions
    label: int
    seed: int
    quality: float | None

    @cached_property
    def sampler(self) -> Sampler:
        return sampler_for(self.networks.prior, self.sampling, self.label)

    @property
    def window_samples(self) -> int:
        """Samples that a window of the prior carries."""
        prior, model = self.networks.prior, self.networks.model
        return max(1, prior.window * prior.hop_length - model.decoder_latency)

    def random(self, index: int) -> torch.Generator:
        """The random numbers of sound ``index``."""
        return randomness(self.seed, index)

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

    def encode_file(self, path: Path) -> tuple[Tensor, int]:
        """Latents ``(c, n, d)`` of a file, and its samples at the model's rate.

        Raises:
            AudioError: it can't be read, or is silent.
        """
        reader = LatentReader(path, self.networks.model, self.networks.prior.channels)
        z = reader.latents()
        if reader.level.silent:
            raise AudioError(f"{path} is silent: name a sound that can be heard")
        return z, reader.native


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

    @abstractmethod
    def render(self, indices: Sequence[int], targets: Sequence[Path | None], *, force: bool) -> list[Sound]:
        """Make at most ``batch_size`` sounds, whose first index is a multiple of it; into files or as samples."""

    def _limited(self, blocks: Iterable[np.ndarray], target: Path | None, *, force: bool) -> Sound:
        """Blocks kept within full scale."""
        prior = self._context.networks.prior
        return limited_sound(blocks, prior.sample_rate, prior.channels, target, force=force)


class SingleSound(SoundRecipe):
    """A kind of sound that is made alone."""

    def render(self, indices: Sequence[int], targets: Sequence[Path | None], *, force: bool) -> list[Sound]:
        """One after the other."""
        return [self._render_one(index, target, force=force) for index, target in zip(indices, targets, strict=True)]

    @abstractmethod
    def _render_one(self, index: int, target: Path | None, *, force: bool) -> Sound: ...


@final
class WindowSound(SoundRecipe):
    """New sounds that fit into a window; of None samples, up to the silence at their end."""

    batch_size = 4

    def __init__(self, context: RenderContext, samples: int | None):
        super().__init__(context)
        self._samples = samples

    def render(self, indices: Sequence[int], targets: Sequence[Path | None], *, force: bool) -> list[Sound]:
        """Draw them side by side."""
        context = self._context
        random = [context.random(indices[0] + slot) for slot in range(self.batch_size)]
        pieces = context.sampler.sample(random)
        frames = torch.cat(list(_first_frames(pieces, context.networks.prior.window)), 1)
        rows = frames[: len(indices), None]
        return [self._render_row(row, target, force=force) for row, target in zip(rows, targets, strict=True)]

    def _render_row(self, frames: Tensor, target: Path | None, *, force: bool) -> Sound:
        context = self._context
        latents = context.to_latents((frames,))
        if self._samples is not None:
            return self._limited(context.decode(latents, self._samples), target, force=force)
        audio = concatenate_blocks(context.decode(latents, context.window_samples))
        trimmed = trim_trailing_silence(audio, context.networks.prior.sample_rate)
        return self._limited((trimmed,), target, force=force)


@final
class LongSound(SingleSound):
    """A new sound of any length."""

    def __init__(self, context: RenderContext, samples: int):
        super().__init__(context)
        self._samples = samples

    def _render_one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        context = self._context
        latents = context.to_latents(context.sampler.sample((context.random(index),)))
        return self._limited(context.decode(latents, self._samples), target, force=force)


@final
class Variation(SingleSound):
    """A variation of a sound, as long as it is."""

    def __init__(self, context: RenderContext, path: Path, strength: float):
        super().__init__(context)
        z, self._samples = context.encode_file(path)
        self._features, self._strength = context.to_features(z), strength

    def _render_one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        context = self._context
        frames = context.sampler.vary(context.random(index), self._features, self._strength)
        return self._limited(context.decode(context.to_latents(frames), self._samples), target, force=force)


@final
class Continuation(SingleSound):
    """A sound and what comes after it."""

    def __init__(self, context: RenderContext, path: Path, samples: int):
        super().__init__(context)
        z, native = context.encode_file(path)
        model = context.networks.model
        # Frames that reach beyond the sound's end would tell the prior that it ends.
        inside = native // model.hop_length - model.encoder_latency
        if inside * model.hop_length <= model.decoder_latency:
            raise AudioError(f"{path} lasts {native / model.sample_rate:.3f} s: that is too short to go on from")
        self._z = z[:, :inside]
        self._samples = inside * model.hop_length - model.decoder_latency + samples

    def _render_one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        context = self._context
        frames = context.sampler.sample((context.random(index),), context.to_features(self._z))
        latents = chain((self._z,), context.to_latents(frames))
        return self._limited(context.decode(latents, self._samples), target, force=force)


@final
class Loop(SingleSound):
    """A sound whose end goes on to its beginning; what would clip is turned down as a whole."""

    def __init__(self, context: RenderContext, samples: int):
        super().__init__(context)
        self._samples = samples

    def _render_one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        context, prior = self._context, self._context.networks.prior
        frames = max(1, round(self._samples / prior.hop_length))
        (z,) = context.to_latents((context.sampler.sample_loop(context.random(index), frames),))
        audio = decode_loop(context.networks.model, z, self._samples, quality=context.quality)
        level = SoundLevel()
        level.add(audio)
        gain = CEILING / level.peak if level.peak > 1.0 else 1.0
        audio = (audio * gain).astype(np.float32)
        if target is not None:
            write_blocks(target, (audio,), prior.sample_rate, prior.channels, force=force)
        seconds, samples = self._samples / prior.sample_rate, audio if target is None else None
        return Sound(seconds, decibels(gain), target, samples, seam=measure_seam(audio))
