"""A gap between two sounds, filled: the first sound, what a prior makes, the second sound.

Both sounds stay as they are, sample by sample, but for a hundredth of a second at either seam. What is near the gap is
encoded with each sound mirrored into the gap and one crossfaded into the other: so the frames at the seams hold sounds
that go on, and the prior has a guess to begin with, from which it goes as far as is asked for (Meng et al., "SDEdit",
2022). A second sound that begins at nothing, as a hit does, is not mirrored and not faded in: what was made makes way
for it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
import torch

from auricle.audio import AudioReader, HeldAudio, Resampler, source_path
from auricle.errors import AudioError, OptionError
from auricle.synth.priors.sizes import SoundSize
from auricle.synth.recipes import StreamedSound
from auricle.synth.render_context import RenderContext
from auricle.synth.rendering.level import SoundLevel, decibels
from auricle.synth.rendering.mid_side import rotate, unrotate
from auricle.synth.rendering.render import concatenate_blocks, shortened

_SEAM_SECONDS = 0.01
_LEVEL_SECONDS = 0.03
_MOST_GAIN = 4.0
_SHORTEST_SECONDS = 0.05
_LEAST_FRAMES = 2
_BEGINS_AT_NOTHING = 0.01
_FIRST_SECONDS = 0.02
_NO_POWER = 1e-12


class _Neighbour(NamedTuple):
    """A sound beside the gap: what is near it ``(c, t)``, at the model's rate, and all of its samples and peak."""

    source: Path | HeldAudio
    near: np.ndarray
    samples: int
    peak: float


@final
class FilledGap(StreamedSound):
    """Two sounds and what was made between them.

    Args:
        context: what all recipes share.
        sources: both sounds.
        samples: of the gap.
        strength: how far it is from a crossfade of both.

    Raises:
        AudioError: a sound can't be read, is silent, or shorter than 50 ms; or one has more channels than the other.
        OptionError: the gap is shorter than two frames of the prior.
    """

    takes_level = False
    cut_seconds = 0.0

    def __init__(
        self,
        context: RenderContext,
        sources: tuple[Path | HeldAudio, Path | HeldAudio],
        samples: int,
        strength: float,
    ) -> None:
        super().__init__(context)
        _check_channels(sources)
        model = context.networks.model
        self._hop, self._gap, self._strength = model.hop_length, samples, strength
        self._seam = round(_SEAM_SECONDS * model.sample_rate)
        if -(-samples // self._hop) < _LEAST_FRAMES:
            least = (_LEAST_FRAMES - 1) * self._hop / model.sample_rate
            raise OptionError(f"a gap of {samples / model.sample_rate:g} s: the prior fills more than {least:.3f}")
        self._before = self._neighbour(sources[0], ends=True)
        self._after = self._neighbour(sources[1], ends=False)
        self._is_hit = _begins_at_nothing(self._after.near, model.sample_rate)

    def _size(self, random: torch.Generator) -> SoundSize | None:
        context, (before, after) = self._context, (self._before, self._after)
        if context.networks.prior.sizes is None:
            return None
        seconds = (before.near.shape[1] + self._gap + after.samples) / context.networks.model.sample_rate
        return SoundSize(seconds, decibels(max(before.peak, after.peak)))

    def _blocks(self, random: torch.Generator, size: SoundSize | None) -> Iterator[np.ndarray]:
        before, after, seam = self._before, self._after, self._seam
        yield from shortened(self._native_blocks(before.source), before.samples - seam)
        yield self._spliced(self._fill(random, size))
        yield from _without_first(self._native_blocks(after.source), 0 if self._is_hit else seam)

    @torch.inference_mode()
    def _fill(self, random: torch.Generator, size: SoundSize | None) -> np.ndarray:
        """What is heard from a seam before the gap on to a seam behind it, as the model makes it: ``(c, t)``."""
        context, model = self._context, self._context.networks.model
        around, start = self._surroundings()
        stop = start + self._gap
        first, last = start // self._hop + 1, stop // self._hop
        z = model.encode(rotate(torch.from_numpy(around), len(around)))
        features = context.to_features(z)
        sides = features[:first], features[last:]
        frames = context.sampler.fill(random, sides, features[first:last], self._strength, size)
        (between,) = context.to_latents((frames,))
        pieces = z[:, :first], between, z[:, last:]
        audio = concatenate_blocks(context.decode((torch.cat(pieces, 1),), around.shape[1]))
        return self._levelled(audio, around, start)

    def _surroundings(self) -> tuple[np.ndarray, int]:
        """Both sounds with the gap between them, mirrored into it, ``(c, t)``, and where the gap begins.

        The second sound begins with a frame.
        """
        before, after = self._before.near, self._after.near
        lead = -(before.shape[1] + self._gap) % self._hop
        tail = np.pad(before, ((0, 0), (0, self._gap)), mode="symmetric")[:, before.shape[1] :]
        head = np.pad(after, ((0, 0), (self._gap, 0)), mode="symmetric")[:, : self._gap]
        gap = tail if self._is_hit else _crossfaded(tail, head)
        silence = np.zeros((len(before), lead), np.float32)
        return np.concatenate((silence, before, gap, after), 1), lead + before.shape[1]

    def _levelled(self, audio: np.ndarray, around: np.ndarray, start: int) -> np.ndarray:
        """The gap with a seam at either side, at the levels that its neighbours have where it meets them."""
        stop, near = start + self._gap, round(_LEVEL_SECONDS * self._context.networks.model.sample_rate)
        first = _gain(around[:, max(0, start - near) : start], audio[:, start : start + near])
        last = 1.0 if self._is_hit else _gain(around[:, stop : stop + near], audio[:, stop - near : stop])
        filled = audio[:, start - self._seam : stop + self._seam]
        return filled * np.geomspace(first, last, filled.shape[1], dtype=np.float32)

    def _spliced(self, filled: np.ndarray) -> np.ndarray:
        """The last moment of the first sound, the gap, and the first one of the second."""
        seam, before, after = self._seam, self._before.near, self._after.near
        begin = _crossfaded(before[:, -seam:], filled[:, :seam])
        if self._is_hit:
            fade = np.cos(0.5 * np.pi * _shares(seam)).astype(np.float32)
            return np.concatenate((begin, filled[:, seam : -2 * seam], filled[:, -2 * seam : -seam] * fade), 1)
        return np.concatenate((begin, filled[:, seam:-seam], _crossfaded(filled[:, -seam:], after[:, :seam])), 1)

    def _neighbour(self, source: Path | HeldAudio, *, ends: bool) -> _Neighbour:
        """A sound of which the end, or else the beginning, is beside the gap."""
        networks = self._context.networks
        most, level, near, samples = networks.prior.window * self._hop, SoundLevel(), [], 0
        for block in self._native_blocks(source):
            samples += level.add(block).shape[1]
            near.append(block)
            if ends:
                near = [np.concatenate(near, 1)[:, -most:]]
            elif samples >= most:
                near = [np.concatenate(near, 1)[:, :most]]
        if level.silent:
            raise AudioError(f"{source_path(source)} is silent: name a sound that can be heard")
        if samples < round(_SHORTEST_SECONDS * networks.model.sample_rate):
            seconds = samples / networks.model.sample_rate
            raise AudioError(
                f"{source_path(source)} lasts {seconds:.3f} s: beside a gap it must last {_SHORTEST_SECONDS:g}"
            )
        return _Neighbour(source, concatenate_blocks(near), samples, level.peak)

    def _native_blocks(self, source: Path | HeldAudio) -> Iterator[np.ndarray]:
        """All of a sound, ``(c, t)``, at the rate and with the channels of what is made."""
        rate, channels = self._context.native
        with AudioReader(source) as reader:
            resampler = Resampler(reader.sample_rate, rate, channels)
            for block in reader.blocks(reader.sample_rate):
                yield resampler.push(unrotate(rotate(torch.from_numpy(block), channels)).numpy())
        yield resampler.flush()


def _check_channels(sources: tuple[Path | HeldAudio, Path | HeldAudio]) -> None:
    counts = []
    for source in sources:
        with AudioReader(source) as reader:
            counts.append(reader.channels)
    if counts[0] != counts[1]:
        names = [source_path(source) for source in sources]
        raise AudioError(
            f"{names[0]} has {_channels(counts[0])} and {names[1]} {counts[1]}: give two sounds of as many"
        )


def _channels(count: int) -> str:
    return f"{count} channel" + ("" if count == 1 else "s")


def _begins_at_nothing(audio: np.ndarray, sample_rate: int) -> bool:
    """Whether the first sample is below 1 % of the largest one of the first 20 ms."""
    magnitude = np.abs(audio[:, : round(_FIRST_SECONDS * sample_rate)]).max(axis=0)
    return bool(magnitude[0] <= _BEGINS_AT_NOTHING * magnitude.max())


def _gain(original: np.ndarray, rebuilt: np.ndarray) -> float:
    """Factor, within bounds, that gives what was rebuilt the level of the original."""
    target, power = (float(np.square(audio, dtype=np.float64).mean()) for audio in (original, rebuilt))
    ratio = ((target + _NO_POWER) / (power + _NO_POWER)) ** 0.5
    return min(max(ratio, 1 / _MOST_GAIN), _MOST_GAIN)


def _shares(samples: int) -> np.ndarray:
    """How far each of some samples lies on the way from 0 to 1."""
    return (np.arange(samples) + 0.5) / samples


def _crossfaded(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """From one to the other ``(c, t)`` at an even level, however alike they are."""
    quarter = 0.5 * np.pi * _shares(old.shape[1])
    falling, rising = np.cos(quarter), np.sin(quarter)
    power = float(np.square(old).sum() * np.square(new).sum()) ** 0.5
    correlation = min(max(float((old * new).sum()) / max(power, _NO_POWER), 0.0), 1.0)
    mixed = (falling * old + rising * new) / np.sqrt(1 + 2 * correlation * falling * rising)
    return mixed.astype(np.float32)


def _without_first(blocks: Iterator[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    for block in blocks:
        yield block[:, samples:]
        samples -= min(samples, block.shape[1])
