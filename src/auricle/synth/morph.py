"""Between two sounds: a path through latent space, and which frames of the two it is made of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import AudioSource, HeldAudio, info, rereadable
from auricle.errors import AudioError, OptionError
from auricle.lock import lock_new_folder
from auricle.model import Autoencoder
from auricle.model.files.file import model_for
from auricle.options.synthesis import MorphOptions, SoundFileOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.rendering.destination import destination
from auricle.synth.rendering.level import SoundLevel, matching_gain
from auricle.synth.rendering.mid_side import to_features
from auricle.synth.rendering.provenance import made_by_model
from auricle.synth.rendering.render import LatentReader, chunk_frames, decode_blocks, snap_quality
from auricle.synth.rendering.result import SynthesisOutput, finish_sound

MOST_CELLS = 25_000_000
"""Pairs of frames that are compared at most: two sounds of 87 s at 57 frames a second."""
_FLOOR = 0.01
_DOWN, _RIGHT = 1, 2
_SMOOTH_SECONDS = 0.25
_MOST_GAIN = 4.0
_MOST_STRETCH = 2.0


def align_latents(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The path through both sequences on which they differ least, with steps of at most one frame in each.

    Latents have signs that depend on phases, so what is compared is the logarithm of each feature's energy, over
    three frames.

    Args:
        first: latents ``(n, d)``.
        second: latents ``(m, d)``.

    Returns:
        int64 ``(k, 2)``, pairs of frames from ``(0, 0)`` to ``(n - 1, m - 1)``; neither number ever falls.

    Raises:
        OptionError: the sounds are too long.
    """
    n, m = len(first), len(second)
    if n * m > MOST_CELLS:
        raise OptionError(f"{n} and {m} latent frames are too many to align: use shorter sounds, or leave --align out")
    floor = _FLOOR * float(np.concatenate((first, second)).var())
    return _trace_path(_best_steps(_distances(_energies(first, floor), _energies(second, floor))))


def _energies(z: np.ndarray, floor: float) -> np.ndarray:
    padded = np.pad(np.square(z, dtype=np.float64), ((1, 1), (0, 0)), mode="edge")
    return np.log((padded[:-2] + padded[1:-1] + padded[2:]) / 3 + floor)


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances float32 ``(n, m)`` after each feature was scaled to unit variance over both."""
    scale = np.concatenate((first, second)).std(axis=0) + 1e-6
    a, b = (np.asarray(z / scale, np.float32) for z in (first, second))
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0.0))


def _best_steps(cost: np.ndarray) -> np.ndarray:
    """Where the best path to each cell ``(n, m)`` comes from; cells of one diagonal are worked out together."""
    n, m = cost.shape
    steps = np.zeros((n, m), np.uint8)
    before, last = np.full(n + 1, np.inf), np.full(n + 1, np.inf)  # sums on the two diagonals before, by row + 1
    before[0] = 0.0
    for diagonal in range(n + m - 1):
        rows = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        sources = np.stack((before[rows], last[rows], last[rows + 1]))  # from the diagonal, from above, from the left
        best = sources.argmin(axis=0)
        steps[rows, diagonal - rows] = best
        sums = np.full(n + 1, np.inf)
        sums[rows + 1] = sources.min(axis=0) + cost[rows, diagonal - rows]
        before, last = last, sums
    return steps


def _trace_path(steps: np.ndarray) -> np.ndarray:
    i, j = (size - 1 for size in steps.shape)
    path = [(i, j)]
    while i or j:
        step = steps[i, j]
        i, j = i - (step != _RIGHT), j - (step != _DOWN)
        path.append((i, j))
    return np.array(path[::-1], np.int64)


@final
@dataclass(frozen=True, eq=False)
class FrameMap:
    """Which frames of both sounds each frame of the result is made of, and how much of it is the second one.

    Attributes:
        first: float ``(n,)`` places in the first sound, in frames; beyond its end there is silence.
        second: float ``(n,)`` in the second.
        share: float ``(n,)``, 0 is the first sound.
    """

    first: np.ndarray
    second: np.ndarray
    share: np.ndarray


def linear(share: float, frames: int) -> FrameMap:
    """Both sounds from their beginnings, in equal shares throughout."""
    frame = np.arange(frames)
    return FrameMap(frame, frame, np.full(frames, share))


def crossfade(lengths: tuple[int, int]) -> FrameMap:
    """From the first sound to the second: the shorter one's length is crossed, the result ends with the second."""
    frame = np.arange(lengths[1])
    return FrameMap(frame, frame, np.clip(frame / max(1, min(lengths) - 1), 0.0, 1.0))


def time_warped(path: np.ndarray, share: float, frames: int) -> FrameMap:
    """Along an alignment ``(k, 2)``, in equal shares throughout, in ``frames`` frames."""
    return _map_along(path, np.full(len(path), share), frames)


def time_warped_crossfade(path: np.ndarray) -> FrameMap:
    """From the first sound to the second along an alignment ``(k, 2)``; time passes as in both, in their shares."""
    return _map_along(path, np.linspace(0.0, 1.0, len(path)), None)


def _map_along(path: np.ndarray, share: np.ndarray, frames: int | None) -> FrameMap:
    steps = np.diff(path, axis=0, prepend=path[:1])
    time = np.cumsum((1 - share) * steps[:, 0] + share * steps[:, 1])
    frame = np.arange(round(time[-1]) + 1 if frames is None else frames)
    return FrameMap(*(np.interp(frame, *_unique_moments(time, column)) for column in (*path.T, share)))


def _unique_moments(time: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moments that never come twice, and the mean of the values at each."""
    moments, groups = np.unique(time, return_inverse=True)
    return moments, np.bincount(groups, values) / np.bincount(groups)


def morph(
    first: AudioSource,
    second: AudioSource,
    options: MorphOptions = MorphOptions(),
    *,
    model: Autoencoder | Path | str | None = None,
    out: Path | str | None = None,
    files: SoundFileOptions = SoundFileOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SynthesisOutput:
    """Make sounds that lie between two sounds in latent space.

    Frames lie on the straight line between those of both sounds, and are as long as these in the same shares. The first
    result is the first sound as the model rebuilds it, the last the second. Levels go evenly, in dB, from one to the
    other's; so do lengths. Sounds of different lengths begin together and the shorter is followed by silence; with
    ``align`` they are warped in time so that what is alike meets.

    Args:
        first: an audio file; or an open file, or ``(audio, sample_rate)`` as `auricle.read` returns it.
        second: another.
        options: how many sounds, and how they go from one to the other.
        model: whose latent space; by default the shipped speech model up to 24 kHz and the music model above.
        out: folder for files that are numbered on from those that it has; for one sound also a file's name; None
            returns the samples.
        files: their rate, bits and format.
        force: replace files; numbers then begin with 1.
        on_progress: is told how many sounds are made.

    Raises:
        AudioError: a sound can't be read, or is silent.
        OptionError: the sounds are too long to align.
        ModelError: no such model.
        OutputError: a file exists, or can't be written.
    """
    pair_of_sources = rereadable(first, "the first sound"), rereadable(second, "the second sound")
    count = 1 if options.within else options.count
    headers = info(pair_of_sources[0]), info(pair_of_sources[1])
    loaded = model_for(model, max(header.sample_rate for header in headers))
    channels = max(header.channels for header in headers)
    if channels > 2 and headers[0].channels != headers[1].channels:
        counts = " and ".join(str(header.channels) for header in headers)
        raise AudioError(f"sounds of {counts} channels can't be morphed: mix them to the same number first")
    place = destination(out, (loaded.sample_rate, channels), count, files, force=force)
    first_source, second_source = (_read_source(source, loaded, channels) for source in pair_of_sources)
    pair = _SoundPair(loaded, first_source, second_source, snap_quality(loaded, snap=options.snap))
    path = (
        align_latents(*(to_features(source.z).numpy() for source in (first_source, second_source)))
        if options.align
        else None
    )
    sounds = []
    native, tags = (loaded.sample_rate, channels), made_by_model("morph", {"model": loaded.name})
    with lock_new_folder(place.folder):
        for index, target in enumerate(place.targets(["morph"] * count, [tags] * count)):
            share = None if options.within else index / (count - 1)
            morphed = pair.crossfade(path) if share is None else pair.interpolate(share, path)
            blocks, gain = morphed.blocks(), float(morphed.gain.mean())
            sounds.append(replace(finish_sound(blocks, native, target, gain=gain), share=share))
            on_progress(Progress("morphing", index + 1, count, "sounds"))
    return SynthesisOutput(tuple(sounds), place.sample_rate, channels)


@final
@dataclass(frozen=True, eq=False)
class _Source:
    """One of the two sounds: latents ``(c, n, d)``, samples at the model's rate, and its root mean square."""

    z: Tensor
    samples: int
    rms: float


def _read_source(source: Path | HeldAudio, model: Autoencoder, channels: int) -> _Source:
    reader = LatentReader(source, model, channels)
    z = reader.latents()
    if reader.level.silent:
        raise AudioError(f"{reader.path} is silent: there is nothing to morph, name another sound")
    return _Source(z, reader.native, reader.level.rms)


@final
@dataclass(frozen=True, eq=False)
class _MorphedSound:
    """One result: the frames that its latents are made of, how long it lasts, and its gain, one or one per frame."""

    pair: "_SoundPair"
    frame_map: FrameMap
    samples: int
    gain: np.ndarray

    def blocks(self) -> Iterator[np.ndarray]:
        """Audio ``(c, t)`` with its gain."""
        hop, position = self.pair.model.hop_length, 0
        middles = (np.arange(len(self.gain)) + 0.5) * hop
        for block in self.pair.decode(self.frame_map, self.samples):
            factors = np.interp(np.arange(position, position + block.shape[1]), middles, self.gain)
            position += block.shape[1]
            yield block * factors.astype(np.float32)


@final
@dataclass(frozen=True, eq=False)
class _SoundPair:
    """Both sounds and what lies between them."""

    model: Autoencoder
    first: _Source
    second: _Source
    quality: float | None

    def interpolate(self, share: float, path: np.ndarray | None) -> _MorphedSound:
        """A sound of which ``share`` is the second one; its level lies between theirs in the same shares, in dB."""
        samples = round((1 - share) * self.first.samples + share * self.second.samples)
        frames = self.model.frames(samples)
        frame_map = linear(share, frames) if path is None else time_warped(path, share, frames)
        level = SoundLevel()
        for block in self.decode(frame_map, samples):
            level.add(block)
        rms = self.first.rms ** (1 - share) * self.second.rms**share
        return _MorphedSound(self, frame_map, samples, np.full(1, matching_gain(rms, level)))

    def crossfade(self, path: np.ndarray | None) -> _MorphedSound:
        """A sound that goes from the first to the second; its level is where a mix of both would have it."""
        lengths = self.first.z.shape[1], self.second.z.shape[1]
        frame_map = crossfade(lengths) if path is None else time_warped_crossfade(path)
        samples = self.second.samples + (len(frame_map.share) - lengths[1]) * self.model.hop_length
        return _MorphedSound(self, frame_map, samples, self._gains(frame_map, samples))

    def decode(self, frame_map: FrameMap, samples: int) -> Iterator[np.ndarray]:
        """The sound of mapped frames as the model decodes it."""
        return decode_blocks(self.model, self._latents(frame_map), samples, quality=self.quality)

    def _latents(self, frame_map: FrameMap) -> Iterator[Tensor]:
        silence = self.model.encode(torch.zeros(1, self.model.sample_rate))[:, -1:]
        first, second = (
            torch.cat((source.z, silence.expand(len(source.z), 1, -1)), 1) for source in (self.first, self.second)
        )
        size = 16 * chunk_frames(self.model)
        for start in range(0, len(frame_map.share), size):
            piece = slice(start, start + size)
            share = torch.from_numpy(frame_map.share[piece].astype(np.float32))[None, :, None]
            yield _mix(_frames_at(first, frame_map.first[piece]), _frames_at(second, frame_map.second[piece]), share)

    def _gains(self, frame_map: FrameMap, samples: int) -> np.ndarray:
        """Factors, one per frame, by which the level is held: of powers, smoothed over a quarter of a second."""
        smooth = max(1, round(_SMOOTH_SECONDS * self.model.sample_rate / self.model.hop_length))
        powers = _powers(self.decode(frame_map, samples), self.model.hop_length)
        targets = []
        for source, places in ((self.first, frame_map.first), (self.second, frame_map.second)):
            blocks = decode_blocks(self.model, (source.z,), source.samples, quality=self.quality)
            source_powers = _powers(blocks, self.model.hop_length)
            source_powers = source_powers * source.rms**2 / max(float(source_powers.mean()), 1e-12)
            indices = np.arange(len(source_powers))
            targets.append(np.interp(places[: len(powers)], indices, source_powers, right=0.0))
        share = frame_map.share[: len(powers)]
        target = _smooth((1 - share) * targets[0] + share * targets[1], smooth)
        ratio = np.sqrt((target + 1e-10) / (_smooth(powers, smooth) + 1e-10))
        return np.clip(ratio, 1 / _MOST_GAIN, _MOST_GAIN)


def _mix(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Frames on the line between two, as long as the ends are in the same shares: frames that differ would cancel."""
    mixed = torch.lerp(first, second, share)
    lengths = torch.lerp(first.norm(dim=2, keepdim=True), second.norm(dim=2, keepdim=True), share)
    return mixed * (lengths / mixed.norm(dim=2, keepdim=True).clamp(min=1e-6)).clamp(max=_MOST_STRETCH)


def _frames_at(padded: Tensor, places: np.ndarray) -> Tensor:
    """Frames of ``(c, n, d)`` at places between them; after the end the last frame, which is silence."""
    last, below = padded.shape[1] - 1, np.floor(places).astype(np.int64)
    part = torch.from_numpy((places - below).astype(np.float32))[None, :, None]
    lower, upper = (padded[:, np.minimum(at, last)] for at in (below, below + 1))
    return torch.lerp(lower, upper, part)


def _powers(blocks: Iterable[np.ndarray], hop: int) -> np.ndarray:
    """Mean power of each frame's samples."""
    powers, carry = [], np.zeros(0)
    for block in blocks:
        joined = np.concatenate((carry, np.square(block, dtype=np.float64).mean(axis=0)))
        size = len(joined) // hop * hop
        powers.append(joined[:size].reshape(-1, hop).mean(axis=1))
        carry = joined[size:]
    return np.concatenate([*powers, [carry.mean()]] if len(carry) else powers)


def _smooth(power: np.ndarray, frames: int) -> np.ndarray:
    padded = np.pad(power, (frames // 2, frames - 1 - frames // 2), mode="edge")
    return np.convolve(padded, np.full(frames, 1 / frames), mode="valid")
