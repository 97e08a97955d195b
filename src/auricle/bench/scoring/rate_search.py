"""Finding the setting at which a codec's real files have a bitrate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.bench.codecs.base import Dial, Peer
from auricle.bench.scoring.clips import Clip

_TRIES = 8
_CLOSE = 0.02
_REACH = 0.15
_MEASURED_SECONDS = 30.0


@final
@dataclass(frozen=True)
class Setting:
    """Where to set a codec for a bitrate. ``reached`` is the bitrate it will have, None where that is not known; it is
    further than 15 % away where the codec can't reach the bitrate."""

    value: float
    asked: float
    reached: float | None

    @property
    def in_reach(self) -> bool:
        """Whether the files will have the bitrate, more or less."""
        return self.reached is None or abs(self.reached / self.asked - 1) <= _REACH


@final
class Fitter:
    """Searches settings of one codec on some clips."""

    def __init__(self, peer: Peer, clips: Sequence[Clip]) -> None:
        self._peer, self._clips = peer, _beginning(clips)
        self._known: dict[float, float | None] = {}

    def fit(self, kbps: float) -> Setting:
        """The setting at which real files come nearest to a bitrate in kb/s."""
        dial = self._peer.dial
        if dial.keeps:
            return Setting(kbps, kbps, None)
        if dial.steps:
            channels = max((clip.audio.shape[0] for clip in self._clips), default=1)
            value = min(dial.steps, key=lambda step: abs(step * channels - kbps))
            return Setting(value, kbps, value * channels)
        return _searched(dial, kbps, self._real)

    def _real(self, setting: float) -> float | None:
        if setting not in self._known:
            self._known[setting] = _measured(self._peer, setting, self._clips)
        return self._known[setting]


def real_kbps(sized: Sequence[tuple[int | None, float]]) -> float | None:
    """Kilobits per second of stored ``(bytes, seconds)`` together; None where nothing was stored."""
    known = [(size, seconds) for size, seconds in sized if size is not None]
    return sum(size for size, _ in known) * 8 / sum(s for _, s in known) / 1000 if known else None


def _searched(dial: Dial, kbps: float, real: Callable[[float], float | None]) -> Setting:
    """By proportion where the dial is a bitrate, else by halves."""
    low, high = dial.low, dial.high
    value = dial.clamped(kbps) if dial.kbps else (low + high) / 2
    best = Setting(value, kbps, None)
    for _ in range(_TRIES):
        reached = real(value)
        if reached is None:
            return best
        if best.reached is None or abs(np.log(reached / kbps)) < abs(np.log(best.reached / kbps)):
            best = Setting(value, kbps, reached)
        if abs(reached / kbps - 1) < _CLOSE:
            break
        low, high = (low, value) if reached > kbps else (value, high)
        after = min(max(value * kbps / reached, low), high) if dial.kbps else _half(dial, low, high, reached > kbps)
        if after == value:
            break
        value = after
    return best


def _half(dial: Dial, low: float, high: float, less: bool) -> float:
    """The middle, or the end of the dial once it is near."""
    near = 0.1 * (dial.high - dial.low)
    if less and low == dial.low and high - low < near:
        return low
    if not less and high == dial.high and high - low < near:
        return high
    return (low + high) / 2


def _beginning(clips: Sequence[Clip]) -> Sequence[Clip]:
    lengths = np.cumsum([clip.seconds for clip in clips])
    return clips[: int(np.searchsorted(lengths, _MEASURED_SECONDS)) + 1]


def _measured(peer: Peer, setting: float, clips: Sequence[Clip]) -> float | None:
    sized: list[tuple[int | None, float]] = []
    for clip in clips:
        try:
            sized.append((len(peer.encode(clip.audio, clip.sample_rate, setting).data), clip.seconds))
        except Exception:  # what can't be coded is told when it is judged
            continue
    return real_kbps(sized)
