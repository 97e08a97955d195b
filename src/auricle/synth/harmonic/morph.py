"""Between two sounds with one pitch: both taken apart, aligned, and put together again in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import HeldAudio, read, resample, source_path
from auricle.errors import AudioError, OptionError
from auricle.synth.harmonic.alignment import align
from auricle.synth.harmonic.analysis import HarmonicSound, analyse
from auricle.synth.harmonic.mixing import mix
from auricle.synth.harmonic.pitch import hop_samples
from auricle.synth.rendering.level import level_of, matching_gain
from auricle.synth.time_maps import FrameMap, time_warped, time_warped_crossfade

MOST_SECONDS = 120.0
"""Sounds are held in memory, with up to 120 partials every 5 ms."""


@final
@dataclass(frozen=True, eq=False)
class MorphSource:
    """A sound ``(c, t)``, taken apart, and its root mean square."""

    audio: np.ndarray
    parts: HarmonicSound
    rms: float


@final
class HarmonicMorph:
    """Both sounds and what lies between them.

    Args:
        first: a sound.
        second: another, with its sample rate and number of channels.
    """

    def __init__(self, first: MorphSource, second: MorphSource) -> None:
        self._first, self._second = first, second
        self._sample_rate = first.parts.sample_rate
        self._path = align(first.audio, second.audio, self._sample_rate)

    def interpolate(self, share: float) -> tuple[Iterator[np.ndarray], float]:
        """A sound of which ``share`` is the second one, and its gain; levels and lengths go evenly, levels in dB."""
        samples = round((1 - share) * self._first.audio.shape[1] + share * self._second.audio.shape[1])
        frames = -(-samples // hop_samples(self._sample_rate)) + 1
        sound = self._mix(time_warped(self._path, share, frames), samples)
        gain = matching_gain(self._first.rms ** (1 - share) * self._second.rms**share, level_of(sound))
        return iter((sound * np.float32(gain),)), gain

    def crossfade(self) -> tuple[Iterator[np.ndarray], float]:
        """A sound that goes from the first to the second while it lasts."""
        frame_map = time_warped_crossfade(self._path)
        samples = (len(frame_map.share) - 1) * hop_samples(self._sample_rate)
        return iter((self._mix(frame_map, samples),)), 1.0

    def _mix(self, frame_map: FrameMap, samples: int) -> np.ndarray:
        return mix(self._first.parts, self._second.parts, frame_map, samples)


def read_morph_source(
    source: Path | HeldAudio, sample_rate: int, channels: int, *, near: float | None = None
) -> MorphSource:
    """Read a sound, at ``sample_rate`` and with a lone channel doubled to ``channels``, and take it apart.

    ``near`` is as for `auricle.synth.harmonic.pitch.track_pitch`.

    Raises:
        AudioError: it can't be read, or is silent.
        OptionError: it is too long.
        MissingPackageError: the pitch tracker is not installed.
    """
    audio, rate = read(source)
    seconds = audio.shape[1] / rate
    if seconds > MOST_SECONDS:
        raise OptionError(
            f"{source_path(source)} lasts {seconds:.0f} s: a morph with one pitch takes up to {MOST_SECONDS:g} s, "
            "use shorter sounds or --crossfade"
        )
    level = level_of(audio)
    if level.silent:
        raise AudioError(f"{source_path(source)} is silent: there is nothing to morph, name another sound")
    audio = resample(audio, rate, sample_rate)
    if len(audio) == 1:
        audio = np.repeat(audio, channels, axis=0)
    return MorphSource(audio, analyse(audio, sample_rate, near=near), level.rms)
