"""Finding the setting at which a codec's real files have a bitrate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.bench.codecs.base import Codec, SettingRange
from auricle.bench.scoring.clips import Clip

_TRIES = 8
_CLOSE = 0.02
_REACH = 0.15
_MEASURED_SECONDS = 120.0


@final
@dataclass(frozen=True)
class Setting:
    """Where to set a codec for a bitrate. ``kbps`` is the bitrate it will have, None where that is not known; it is
    further than 15 % away where the codec can't reach the bitrate."""

    value: float
    target_kbps: float
    kbps: float | None

    @property
    def in_reach(self) -> bool:
        """Whether the files will have the bitrate, more or less."""
        return self.kbps is None or abs(self.kbps / self.target_kbps - 1) <= _REACH


@final
class SettingSearch:
    """Searches settings of one codec on some clips."""

    def __init__(self, codec: Codec, clips: Sequence[Clip]) -> None:
        self._codec, self._clips = codec, _spread(clips)
        self._kbps: dict[float, float | None] = {}

    def find(self, kbps: float) -> Setting:
        """The setting at which real files come nearest to a bitrate in kb/s."""
        settings = self._codec.setting_range
        if settings.keeps_bitrate:
            return Setting(kbps, kbps, None)
        if settings.steps:
            channels = max((clip.audio.shape[0] for clip in self._clips), default=1)
            value = min(settings.steps, key=lambda step: abs(step * channels - kbps))
            return Setting(value, kbps, value * channels)
        return _search(settings, kbps, self._measured_kbps)

    def _measured_kbps(self, setting: float) -> float | None:
        if setting not in self._kbps:
            self._kbps[setting] = _total_kbps(self._codec, setting, self._clips)
        return self._kbps[setting]


def real_kbps(sized: Sequence[tuple[int | None, float]]) -> float | None:
    """Kilobits per second of stored ``(bytes, seconds)`` together; None where nothing was stored."""
    stored = [(size, seconds) for size, seconds in sized if size is not None]
    return sum(size for size, _ in stored) * 8 / sum(seconds for _, seconds in stored) / 1000 if stored else None


def _search(settings: SettingRange, kbps: float, real: Callable[[float], float | None]) -> Setting:
    """By proportion where the setting is a bitrate, else by halves."""
    low, high = settings.low, settings.high
    value = settings.clamp(kbps) if settings.in_kbps else (low + high) / 2
    best = Setting(value, kbps, None)
    for _ in range(_TRIES):
        reached = real(value)
        if reached is None:
            return best
        if best.kbps is None or abs(np.log(reached / kbps)) < abs(np.log(best.kbps / kbps)):
            best = Setting(value, kbps, reached)
        if abs(reached / kbps - 1) < _CLOSE:
            break
        low, high = (low, value) if reached > kbps else (value, high)
        if low == high:
            break
        value = _next_value(settings, value * kbps / reached, (low, high), reached > kbps)
    return best


def _next_value(settings: SettingRange, proportional: float, between: tuple[float, float], less: bool) -> float:
    """What to try next, between the settings that gave too little and too much.

    Real bitrates jump where a coder takes another mode (Opus from 20 to 25 kb/s of stereo). There proportion leads back
    to what was tried, and the middle leads on.
    """
    low, high = between
    if not settings.in_kbps:
        return _half(settings, low, high, less)
    value = settings.clamp(proportional)
    return value if low < value < high or value in (settings.low, settings.high) else (low + high) / 2


def _half(settings: SettingRange, low: float, high: float, less: bool) -> float:
    """The middle, or the end of the range once it is near."""
    near = 0.1 * (settings.high - settings.low)
    if less and low == settings.low and high - low < near:
        return low
    if not less and high == settings.high and high - low < near:
        return high
    return (low + high) / 2


def _spread(clips: Sequence[Clip]) -> Sequence[Clip]:
    """Clips from the first to the last that stand for all of them, in about so many seconds as is measured."""
    seconds = sum(clip.seconds for clip in clips)
    stride = max(1, round(seconds / _MEASURED_SECONDS))
    return clips[stride // 2 :: stride] or clips[:1]


def _total_kbps(codec: Codec, setting: float, clips: Sequence[Clip]) -> float | None:
    sized: list[tuple[int | None, float]] = []
    for clip in clips:
        try:
            sized.append((len(codec.encode(clip.audio, clip.sample_rate, setting).data), clip.seconds))
        except Exception:  # what can't be coded is told when it is judged
            continue
    return real_kbps(sized)
