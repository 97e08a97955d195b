"""Between two sounds: a path through latent space, and which frames of the two it is made of."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import info
from auricle.errors import AudioError, OptionError
from auricle.model import Autoencoder
from auricle.model.files.file import model_for
from auricle.synth.rendering.level import Level, Limiter, decibels, limited, matching_gain
from auricle.synth.rendering.numbered_files import numbered, write_blocks
from auricle.synth.rendering.render import Listener, best, chunk_frames, spoken, whole
from auricle.synth.rendering.result import Made, Sound

MOST_CELLS = 25_000_000
"""Pairs of frames that are compared at most: two sounds of 87 s at 57 frames a second."""
_FLOOR = 0.01
_DOWN, _RIGHT = 1, 2
_SMOOTH_SECONDS = 0.25
_MOST_GAIN = 4.0
_MOST_STRETCH = 2.0
_MOST_STEPS = 1000


def aligned(first: np.ndarray, second: np.ndarray) -> np.ndarray:
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
    return _back(_choices(_distances(_energies(first, floor), _energies(second, floor))))


def _energies(z: np.ndarray, floor: float) -> np.ndarray:
    padded = np.pad(np.square(z, dtype=np.float64), ((1, 1), (0, 0)), mode="edge")
    return np.log((padded[:-2] + padded[1:-1] + padded[2:]) / 3 + floor)


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances float32 ``(n, m)`` after each feature was scaled to unit variance over both."""
    scale = np.concatenate((first, second)).std(axis=0) + 1e-6
    a, b = (np.asarray(z / scale, np.float32) for z in (first, second))
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0.0))


def _choices(cost: np.ndarray) -> np.ndarray:
    """Where the best path to each cell ``(n, m)`` comes from; cells of one diagonal are worked out together."""
    n, m = cost.shape
    choices = np.zeros((n, m), np.uint8)
    before, last = np.full(n + 1, np.inf), np.full(n + 1, np.inf)  # sums on the two diagonals before, by row + 1
    before[0] = 0.0
    for diagonal in range(n + m - 1):
        rows = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        ways = np.stack((before[rows], last[rows], last[rows + 1]))  # from the diagonal, from above, from the left
        best = ways.argmin(axis=0)
        choices[rows, diagonal - rows] = best
        sums = np.full(n + 1, np.inf)
        sums[rows + 1] = ways.min(axis=0) + cost[rows, diagonal - rows]
        before, last = last, sums
    return choices


def _back(choices: np.ndarray) -> np.ndarray:
    i, j = (size - 1 for size in choices.shape)
    path = [(i, j)]
    while i or j:
        choice = choices[i, j]
        i, j = i - (choice != _RIGHT), j - (choice != _DOWN)
        path.append((i, j))
    return np.array(path[::-1], np.int64)


@final
@dataclass(frozen=True, eq=False)
class Route:
    """Which frames of both sounds each frame of the result is made of, and how much of it is the second one.

    Attributes:
        first: float ``(n,)`` places in the first sound, in frames; beyond its end there is silence.
        second: float ``(n,)`` in the second.
        share: float ``(n,)``, 0 is the first sound.
    """

    first: np.ndarray
    second: np.ndarray
    share: np.ndarray


def straight(share: float, frames: int) -> Route:
    """Both sounds from their beginnings, in equal shares throughout."""
    at = np.arange(frames)
    return Route(at, at, np.full(frames, share))


def crossing(lengths: tuple[int, int]) -> Route:
    """From the first sound to the second: the shorter one's length is crossed, the result ends with the second."""
    at = np.arange(lengths[1])
    return Route(at, at, np.clip(at / max(1, min(lengths) - 1), 0.0, 1.0))


def warped(path: np.ndarray, share: float, frames: int) -> Route:
    """Along an alignment ``(k, 2)``, in equal shares throughout, in ``frames`` frames."""
    return _along(path, np.full(len(path), share), frames)


def warped_crossing(path: np.ndarray) -> Route:
    """From the first sound to the second along an alignment ``(k, 2)``; time passes as in both, in their shares."""
    return _along(path, np.linspace(0.0, 1.0, len(path)), None)


def _along(path: np.ndarray, share: np.ndarray, frames: int | None) -> Route:
    moved = np.diff(path, axis=0, prepend=path[:1])
    time = np.cumsum((1 - share) * moved[:, 0] + share * moved[:, 1])
    at = np.arange(round(time[-1]) + 1 if frames is None else frames)
    return Route(*(np.interp(at, *_rising(time, column)) for column in (*path.T, share)))


def _rising(time: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moments that never come twice, and the mean of the values at each."""
    moments, where = np.unique(time, return_inverse=True)
    return moments, np.bincount(where, values) / np.bincount(where)


def morph(
    first: Path | str,
    second: Path | str,
    *,
    model: Autoencoder | Path | str | None = None,
    steps: int = 5,
    align: bool = False,
    within: bool = False,
    snap: bool = False,
    out: Path | str | None = None,
    force: bool = False,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Made:
    """Make sounds that lie between two sounds in latent space.

    Frames lie on the straight line between those of both sounds, and are as long as these in the same shares. The first
    result is the first sound as the model rebuilds it, the last the second. Levels go evenly, in dB, from one to the
    other's; so do lengths. Sounds of different lengths begin together and the shorter is followed by silence; with
    ``align`` they are warped in time so that what is alike meets.

    Args:
        first: an audio file.
        second: another.
        model: whose latent space; by default the shipped speech model up to 24 kHz and the music model above.
        steps: how many sounds, with both ends, 2 to 1000.
        align: warp time (dynamic time warping of latents).
        within: make one sound that crosses from the first to the second while it lasts, and ends as the second does.
        snap: round latents to the grid of the model's quantiser.
        out: folder for numbered WAV files; None returns the samples.
        force: replace files.
        on_progress: is told the share that is done.

    Raises:
        AudioError: a sound can't be read, or is silent.
        OptionError: a number is out of range, or the sounds are too long to align.
        ModelError: no such model.
        OutputError: a file exists, or can't be written.
    """
    first, second = Path(first), Path(second)
    if not within and not 2 <= steps <= _MOST_STEPS:
        raise OptionError(f"a morph in {steps} steps: give 2 to {_MOST_STEPS}")
    count = 1 if within else steps
    headers = info(first), info(second)
    paths = [None] * count if out is None else numbered(Path(out), "morph", count, force=force)
    loaded = model_for(model, max(header.sample_rate for header in headers))
    channels = max(header.channels for header in headers)
    if channels > 2 and headers[0].channels != headers[1].channels:
        counts = " and ".join(str(header.channels) for header in headers)
        raise AudioError(f"sounds of {counts} channels can't be morphed: mix them to the same number first")
    pair = _Pair(loaded, _heard(first, loaded, channels), _heard(second, loaded, channels), best(loaded, snap=snap))
    path = aligned(*(end.z.permute(1, 0, 2).flatten(1).numpy() for end in pair.ends)) if align else None
    sounds = []
    for index, target in enumerate(paths):
        mixed = pair.crossed(path) if within else pair.between(index / (count - 1), path)
        sounds.append(_rendered(mixed, target, None if within else index / (count - 1), force=force))
        on_progress((index + 1) / count)
    return Made(tuple(sounds), loaded.sample_rate, channels)


@final
@dataclass(frozen=True, eq=False)
class _End:
    """One of the two sounds: latents ``(c, n, d)``, samples at the model's rate, and its root mean square."""

    z: Tensor
    samples: int
    rms: float


def _heard(path: Path, model: Autoencoder, channels: int) -> _End:
    listener = Listener(path, model, channels)
    z = listener.latents()
    if listener.level.silent:
        raise AudioError(f"{path} is silent: there is nothing to morph, name another sound")
    return _End(z, listener.native, listener.level.rms)


@final
@dataclass(frozen=True, eq=False)
class _Mixed:
    """What one result is made of: its latents along a route, how long it lasts, and its gain, one or one per frame."""

    pair: "_Pair"
    route: Route
    samples: int
    gain: np.ndarray

    def blocks(self) -> Iterator[np.ndarray]:
        """Audio ``(c, t)`` with its gain, not limited."""
        hop, at = self.pair.model.hop_length, 0
        middles = (np.arange(len(self.gain)) + 0.5) * hop
        for block in self.pair.heard(self.route, self.samples):
            factors = np.interp(np.arange(at, at + block.shape[1]), middles, self.gain)
            at += block.shape[1]
            yield block * factors.astype(np.float32)


@final
@dataclass(frozen=True, eq=False)
class _Pair:
    """Both sounds and what lies between them."""

    model: Autoencoder
    first: _End
    second: _End
    quality: float | None

    @property
    def ends(self) -> tuple[_End, _End]:
        """Both sounds."""
        return self.first, self.second

    def between(self, share: float, path: np.ndarray | None) -> _Mixed:
        """A sound of which ``share`` is the second one; its level lies between theirs in the same shares, in dB."""
        samples = round((1 - share) * self.first.samples + share * self.second.samples)
        frames = self.model.frames(samples)
        route = straight(share, frames) if path is None else warped(path, share, frames)
        made = Level()
        for block in self.heard(route, samples):
            made.add(block)
        goal = self.first.rms ** (1 - share) * self.second.rms**share
        return _Mixed(self, route, samples, np.full(1, matching_gain(goal, made)))

    def crossed(self, path: np.ndarray | None) -> _Mixed:
        """A sound that goes from the first to the second; its level is kept where a mix of both would have it."""
        lengths = self.first.z.shape[1], self.second.z.shape[1]
        route = crossing(lengths) if path is None else warped_crossing(path)
        samples = self.second.samples + (len(route.share) - lengths[1]) * self.model.hop_length
        return _Mixed(self, route, samples, self._gains(route, samples))

    def heard(self, route: Route, samples: int) -> Iterator[np.ndarray]:
        """The sound of a route as the model decodes it."""
        return spoken(self.model, self._latents(route), samples, quality=self.quality)

    def _latents(self, route: Route) -> Iterator[Tensor]:
        silence = self.model.encode(torch.zeros(1, self.model.sample_rate))[:, -1:]
        first, second = (torch.cat((end.z, silence.expand(len(end.z), 1, -1)), 1) for end in self.ends)
        size = 16 * chunk_frames(self.model)
        for at in range(0, len(route.share), size):
            piece = slice(at, at + size)
            share = torch.from_numpy(route.share[piece].astype(np.float32))[None, :, None]
            yield _mixture(_frames_at(first, route.first[piece]), _frames_at(second, route.second[piece]), share)

    def _gains(self, route: Route, samples: int) -> np.ndarray:
        """Factors, one per frame, by which the level is kept: of powers, smoothed over a quarter of a second."""
        smooth = max(1, round(_SMOOTH_SECONDS * self.model.sample_rate / self.model.hop_length))
        made = _powers(self.heard(route, samples), self.model.hop_length)
        goals = []
        for end, places in zip(self.ends, (route.first, route.second), strict=True):
            powers = _powers(spoken(self.model, (end.z,), end.samples, quality=self.quality), self.model.hop_length)
            powers = powers * end.rms**2 / max(float(powers.mean()), 1e-12)
            goals.append(np.interp(places[: len(made)], np.arange(len(powers)), powers, right=0.0))
        share = route.share[: len(made)]
        goal = _smoothed((1 - share) * goals[0] + share * goals[1], smooth)
        ratio = np.sqrt((goal + 1e-10) / (_smoothed(made, smooth) + 1e-10))
        return np.clip(ratio, 1 / _MOST_GAIN, _MOST_GAIN)


def _mixture(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
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
    sums, rest = [], np.zeros(0)
    for block in blocks:
        joined = np.concatenate((rest, np.square(block, dtype=np.float64).mean(axis=0)))
        done = len(joined) // hop * hop
        sums.append(joined[:done].reshape(-1, hop).mean(axis=1))
        rest = joined[done:]
    return np.concatenate([*sums, [rest.mean()]] if len(rest) else sums)


def _smoothed(power: np.ndarray, frames: int) -> np.ndarray:
    padded = np.pad(power, (frames // 2, frames - 1 - frames // 2), mode="edge")
    return np.convolve(padded, np.full(frames, 1 / frames), mode="valid")


def _rendered(mixed: _Mixed, target: Path | None, share: float | None, *, force: bool) -> Sound:
    rate, channels = mixed.pair.model.sample_rate, len(mixed.pair.first.z)
    limiter = Limiter(channels, rate)
    blocks, audio = limited(mixed.blocks(), limiter), None
    if target is None:
        audio = whole(blocks)
    else:
        write_blocks(target, blocks, rate, channels, force=force)
    changed = decibels(float(mixed.gain.mean()) * limiter.reduction)
    return Sound(mixed.samples / rate, changed, target, audio, share=share)
