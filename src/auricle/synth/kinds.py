"""The kinds of sound that `generate` makes: new, like another, after another, or a loop."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.errors import AudioError
from auricle.synth.priors.loading import Chosen
from auricle.synth.rendering.level import CEILING, Level, Limiter, decibels, limited, without_tail
from auricle.synth.rendering.loop import looped, seam
from auricle.synth.rendering.mid_side import to_features, to_latents
from auricle.synth.rendering.numbered_files import write_blocks
from auricle.synth.rendering.render import Listener, spoken, whole
from auricle.synth.rendering.result import Sound
from auricle.synth.sampling.base import Taste, randomness
from auricle.synth.sampling.dispatch import sampler_for


@final
@dataclass(frozen=True, eq=False)
class Workshop:
    """What all kinds share: the networks, how to draw, and from which random numbers."""

    chosen: Chosen
    taste: Taste
    seed: int
    quality: float | None

    def latents(self, frames: Iterable[Tensor]) -> Iterator[Tensor]:
        """Standardised frames ``(1, n, features)`` as latents ``(c, n, d)``."""
        prior = self.chosen.prior
        for piece in frames:
            yield to_latents(prior.restore(piece[0]), prior.channels)

    def features(self, z: Tensor) -> Tensor:
        """Undo it."""
        return self.chosen.prior.standardise(to_features(z))

    def sound(self, latents: Iterable[Tensor], samples: int) -> Iterator[np.ndarray]:
        """Decode ``samples`` of latents that may go on for ever."""
        model = self.chosen.model
        yield from spoken(model, _first(latents, model.frames(samples)), samples, quality=self.quality)

    def heard(self, path: Path) -> tuple[Tensor, int]:
        """Latents ``(c, n, d)`` of a file, and its samples at the model's rate.

        Raises:
            AudioError: it can't be read, or is silent.
        """
        listener = Listener(path, self.chosen.model, self.chosen.prior.channels)
        z = listener.latents()
        if listener.level.silent:
            raise AudioError(f"{path} is silent: name a sound that can be heard")
        return z, listener.native


def _first(latents: Iterable[Tensor], frames: int) -> Iterator[Tensor]:
    left = frames
    for piece in latents:
        yield piece[:, :left]
        left -= piece.shape[1]
        if left <= 0:
            return


class Kind(ABC):
    """One kind of sound.

    Attributes:
        abreast: sounds that are made at once. What a sound is must not depend on how many there are in all, and sums
            are rounded in another way in larger batches; so as many are always made, and the odd ones dropped.
    """

    abreast = 1

    def __init__(self, workshop: Workshop):
        self._workshop = workshop
        self._sampler = sampler_for(workshop.chosen.prior)

    @abstractmethod
    def make(self, indices: Sequence[int], targets: Sequence[Path | None], *, force: bool) -> list[Sound]:
        """Make some sounds, at most ``abreast``, whose first index is a multiple of it; into files or as samples."""

    @property
    def _rate(self) -> int:
        return self._workshop.chosen.prior.sample_rate

    def _random(self, index: int) -> torch.Generator:
        return randomness(self._workshop.seed, index)

    def _given(self, blocks: Iterable[np.ndarray], target: Path | None, *, force: bool) -> Sound:
        """Blocks kept within full scale."""
        channels = self._workshop.chosen.prior.channels
        limiter = Limiter(channels, self._rate)
        ready, audio = limited(blocks, limiter), None
        if target is None:
            audio = whole(ready)
            samples = audio.shape[1]
        else:
            samples = write_blocks(target, ready, self._rate, channels, force=force)
        return Sound(samples / self._rate, decibels(limiter.reduction), target, audio)


class OneByOne(Kind):
    """A kind of sound that is made alone."""

    def make(self, indices: Sequence[int], targets: Sequence[Path | None], *, force: bool) -> list[Sound]:
        """One after the other."""
        return [self._one(index, target, force=force) for index, target in zip(indices, targets, strict=True)]

    @abstractmethod
    def _one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        """Make one sound."""


@final
class Short(Kind):
    """New sounds that fit into a window; of None samples, up to the silence at their end."""

    abreast = 4

    def __init__(self, workshop: Workshop, samples: int | None):
        super().__init__(workshop)
        self._samples = samples

    def make(self, indices: Sequence[int], targets: Sequence[Path | None], *, force: bool) -> list[Sound]:
        """Draw them side by side."""
        first, frames = indices[0], self._workshop.chosen.prior.window
        random = [self._random(first + slot) for slot in range(self.abreast)]
        pieces = self._sampler.run(self._workshop.taste, random)
        drawn = torch.cat(list(_first(pieces, frames)), 1)
        rows = drawn[: len(indices), None]
        return [self._render(row, target, force=force) for row, target in zip(rows, targets, strict=True)]

    def _render(self, frames: Tensor, target: Path | None, *, force: bool) -> Sound:
        shop = self._workshop
        latents = shop.latents((frames,))
        if self._samples is not None:
            return self._given(shop.sound(latents, self._samples), target, force=force)
        audio = whole(shop.sound(latents, longest(shop.chosen)))
        return self._given((without_tail(audio, self._rate),), target, force=force)


def longest(chosen: Chosen) -> int:
    """Samples that a window carries."""
    return max(1, chosen.prior.window * chosen.prior.hop_length - chosen.model.decoder_latency)


@final
class Long(OneByOne):
    """A new sound of any length."""

    def __init__(self, workshop: Workshop, samples: int):
        super().__init__(workshop)
        self._samples = samples

    def _one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        shop = self._workshop
        latents = shop.latents(self._sampler.run(shop.taste, (self._random(index),)))
        return self._given(shop.sound(latents, self._samples), target, force=force)


@final
class Like(OneByOne):
    """A variation of a sound, as long as it is."""

    def __init__(self, workshop: Workshop, path: Path, strength: float):
        super().__init__(workshop)
        z, self._samples = workshop.heard(path)
        self._features, self._strength = workshop.features(z), strength

    def _one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        shop = self._workshop
        frames = self._sampler.vary(shop.taste, self._random(index), self._features, self._strength)
        return self._given(shop.sound(shop.latents(frames), self._samples), target, force=force)


@final
class After(OneByOne):
    """A sound and what comes after it."""

    def __init__(self, workshop: Workshop, path: Path, samples: int):
        super().__init__(workshop)
        z, native = workshop.heard(path)
        model = workshop.chosen.model
        # Frames that reach beyond the sound's end would tell the prior that it ends.
        inside = native // model.hop_length - model.encoder_latency
        if inside * model.hop_length <= model.decoder_latency:
            raise AudioError(f"{path} lasts {native / model.sample_rate:.3f} s: that is too short to go on from")
        self._z = z[:, :inside]
        self._samples = inside * model.hop_length - model.decoder_latency + samples

    def _one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        shop = self._workshop
        new = self._sampler.run(shop.taste, (self._random(index),), shop.features(self._z))
        latents = chain((self._z,), shop.latents(new))
        return self._given(shop.sound(latents, self._samples), target, force=force)


@final
class Loop(OneByOne):
    """A sound whose end goes on to its beginning; what would clip is turned down as a whole."""

    def __init__(self, workshop: Workshop, samples: int):
        super().__init__(workshop)
        self._samples = samples

    def _one(self, index: int, target: Path | None, *, force: bool) -> Sound:
        shop, (prior, model) = self._workshop, (self._workshop.chosen.prior, self._workshop.chosen.model)
        frames = max(1, round(self._samples / prior.hop_length))
        circle = self._sampler.circle(shop.taste, self._random(index), frames)
        (z,) = shop.latents((circle,))
        audio = looped(model, z, self._samples, quality=shop.quality)
        level = Level()
        level.add(audio)
        gain = CEILING / level.peak if level.peak > 1.0 else 1.0
        audio = (audio * gain).astype(np.float32)
        if target is not None:
            write_blocks(target, (audio,), self._rate, prior.channels, force=force)
        kept = audio if target is None else None
        return Sound(self._samples / self._rate, decibels(gain), target, kept, seam=seam(audio))
