"""Between two sounds in latent space: frames on the straight line between theirs, both pitches at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import HeldAudio
from auricle.errors import AudioError, OptionError
from auricle.model import Autoencoder
from auricle.synth.rendering.level import SoundLevel, matching_gain
from auricle.synth.rendering.mid_side import to_features
from auricle.synth.rendering.render import LatentReader, chunk_frames, decode_blocks, snap_quality
from auricle.synth.time_maps import (
    FrameMap,
    best_path,
    crossfade,
    frame_distances,
    linear,
    time_warped,
    time_warped_crossfade,
)

MOST_CELLS = 25_000_000
"""Pairs of frames that are compared at most: two sounds of 49 s at 102 frames a second."""
_FLOOR = 0.01
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
    return best_path(_distances(_energies(first, floor), _energies(second, floor)))


def _energies(z: np.ndarray, floor: float) -> np.ndarray:
    padded = np.pad(np.square(z, dtype=np.float64), ((1, 1), (0, 0)), mode="edge")
    return np.log((padded[:-2] + padded[1:-1] + padded[2:]) / 3 + floor)


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances float32 ``(n, m)`` after each feature was scaled to unit variance over both."""
    scale = np.concatenate((first, second)).std(axis=0) + 1e-6
    return frame_distances(*(np.asarray(z / scale, np.float32) for z in (first, second)))


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
class LatentMorph:
    """Both sounds and what lies between them.

    Args:
        sources: both sounds.
        model: whose latent space.
        channels: to which both are mixed, or a lone channel doubled.
        aligned: warp time so that what is alike meets.
        snap: round latents to the grid of the model's quantiser.

    Raises:
        AudioError: a sound can't be read, or is silent.
        OptionError: the sounds are too long to align.
    """

    def __init__(
        self,
        sources: tuple[Path | HeldAudio, Path | HeldAudio],
        model: Autoencoder,
        channels: int,
        *,
        aligned: bool,
        snap: bool,
    ) -> None:
        self._model, self._quality = model, snap_quality(model, snap=snap)
        self._first, self._second = (_read_source(source, model, channels) for source in sources)
        features = (to_features(source.z).numpy() for source in (self._first, self._second))
        self._path = align_latents(*features) if aligned else None

    def interpolate(self, share: float) -> tuple[Iterator[np.ndarray], float]:
        """A sound of which ``share`` is the second one, and its gain; levels and lengths go evenly, levels in dB."""
        samples = round((1 - share) * self._first.samples + share * self._second.samples)
        frames = self._model.frames(samples)
        frame_map = linear(share, frames) if self._path is None else time_warped(self._path, share, frames)
        level = SoundLevel()
        for block in self._decode(frame_map, samples):
            level.add(block)
        gain = matching_gain(self._first.rms ** (1 - share) * self._second.rms**share, level)
        return (block * np.float32(gain) for block in self._decode(frame_map, samples)), gain

    def crossfade(self) -> tuple[Iterator[np.ndarray], float]:
        """A sound that goes from the first to the second, and its mean gain; its level is where a mix would have it."""
        lengths = self._first.z.shape[1], self._second.z.shape[1]
        frame_map = crossfade(lengths) if self._path is None else time_warped_crossfade(self._path)
        samples = self._second.samples + (len(frame_map.share) - lengths[1]) * self._model.hop_length
        gains = self._gains(frame_map, samples)
        return self._with_gains(self._decode(frame_map, samples), gains), float(gains.mean())

    def _with_gains(self, blocks: Iterable[np.ndarray], gains: np.ndarray) -> Iterator[np.ndarray]:
        position = 0
        middles = (np.arange(len(gains)) + 0.5) * self._model.hop_length
        for block in blocks:
            factors = np.interp(np.arange(position, position + block.shape[1]), middles, gains)
            position += block.shape[1]
            yield block * factors.astype(np.float32)

    def _decode(self, frame_map: FrameMap, samples: int) -> Iterator[np.ndarray]:
        """The sound of mapped frames as the model decodes it."""
        return decode_blocks(self._model, self._latents(frame_map), samples, quality=self._quality)

    def _latents(self, frame_map: FrameMap) -> Iterator[Tensor]:
        silence = self._model.encode(torch.zeros(1, self._model.sample_rate))[:, -1:]
        first, second = (
            torch.cat((source.z, silence.expand(len(source.z), 1, -1)), 1) for source in (self._first, self._second)
        )
        size = 16 * chunk_frames(self._model)
        for start in range(0, len(frame_map.share), size):
            piece = slice(start, start + size)
            share = torch.from_numpy(frame_map.share[piece].astype(np.float32))[None, :, None]
            yield _mix(_frames_at(first, frame_map.first[piece]), _frames_at(second, frame_map.second[piece]), share)

    def _gains(self, frame_map: FrameMap, samples: int) -> np.ndarray:
        """Factors, one per frame, by which the level is held: of powers, smoothed over a quarter of a second."""
        smooth = max(1, round(_SMOOTH_SECONDS * self._model.sample_rate / self._model.hop_length))
        powers = _powers(self._decode(frame_map, samples), self._model.hop_length)
        targets = []
        for source, places in ((self._first, frame_map.first), (self._second, frame_map.second)):
            blocks = decode_blocks(self._model, (source.z,), source.samples, quality=self._quality)
            source_powers = _powers(blocks, self._model.hop_length)
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
