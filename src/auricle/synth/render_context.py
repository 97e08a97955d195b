"""What all recipes of sounds share: the networks, how to draw, and from which random numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import HeldAudio
from auricle.errors import AudioError
from auricle.options.synthesis import SamplingOptions
from auricle.synth.priors.loading import PriorAndModel
from auricle.synth.priors.notes import RequestedNote, playing_ratio
from auricle.synth.priors.sizes import SoundSize, draw_size, learned_seconds, note_size
from auricle.synth.rendering.level import decibels
from auricle.synth.rendering.mid_side import to_features, to_latents
from auricle.synth.rendering.render import LatentReader, chunk_frames, decode_blocks, shortened
from auricle.synth.sampling.base import Sampler, randomness
from auricle.synth.sampling.dispatch import sampler_for

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
        note: that is asked for; None for one that the prior learned from.
    """

    networks: PriorAndModel
    sampling: SamplingOptions
    label: int
    seed: int
    quality: float | None
    seconds: float | None = None
    level_db: float | None = None
    note: RequestedNote | None = None

    @cached_property
    def sampler(self) -> Sampler:
        return sampler_for(self.networks.prior, self.sampling, self.label)

    @property
    def temperature(self) -> float:
        """Of the random numbers."""
        return self.networks.prior.sampling(self.sampling).temperature

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
        size = drawn if self.note is None else note_size(sizes, self.label, self.note, random)
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
        yield from decode_blocks(model, shortened(latents, frames), samples, quality=self.quality, chunk=chunk)

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
