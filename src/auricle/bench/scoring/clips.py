"""Short excerpts of files, on which codecs are compared."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import AudioReader
from auricle.data import Rejected, Sound
from auricle.errors import AudioError

_CLIP_SECONDS = 12.0
_LEAST_SECONDS = 1.0
_EXCERPT_WITHIN_SECONDS = 60.0
_MOST_CHANNELS = 2
_SILENCE = 1e-4


@final
@dataclass(frozen=True, eq=False)
class Clip:
    """A piece of sound: its file's name, float32 ``(c, t)`` with t at least 1, and its sample rate in Hz."""

    name: str
    audio: np.ndarray
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.audio.shape[1] / self.sample_rate


@final
@dataclass(frozen=True)
class Excerpts:
    """Clips that can be judged, and the files that gave none, each with its reason."""

    clips: tuple[Clip, ...]
    rejected: tuple[Rejected, ...]

    @property
    def seconds(self) -> float:
        """Length of all clips in seconds."""
        return sum(clip.seconds for clip in self.clips)


def excerpts(sounds: Sequence[Sound], *, max_seconds: float, clip_seconds: float = _CLIP_SECONDS) -> Excerpts:
    """Cut one clip from each of some sounds.

    Sounds are taken in an order that depends on their names alone and mixes folders, until ``max_seconds`` is
    reached. A clip is the middle of its sound's first minute, its first two channels. With few sounds the clips are
    longer than ``clip_seconds``, with short sounds shorter. Silent sounds (peak below -80 dB) and unreadable ones are
    rejected.
    """
    longest = max(clip_seconds, max_seconds / max(1, len(sounds)))
    clips: list[Clip] = []
    rejected: list[Rejected] = []
    remaining = max_seconds
    for sound in sorted(sounds, key=lambda sound: hashlib.sha256(sound.name.encode()).digest()):
        if clips and remaining < min(_LEAST_SECONDS, max_seconds):
            break
        try:
            clip = excerpt(sound, min(longest, remaining))
        except AudioError as error:
            rejected.append(Rejected(sound.path, str(error)))
            continue
        clips.append(clip)
        remaining -= clip.seconds
    return Excerpts(tuple(clips), tuple(rejected))


def read_clip(path: Path, name: str) -> Clip:
    """A whole file as one clip, all its channels.

    Raises:
        AudioError: it can't be read, is silent or empty.
    """
    with AudioReader(path) as reader:
        return _clip(name, path, list(reader.blocks(reader.sample_rate)), reader.sample_rate)


def excerpt(sound: Sound, longest: float) -> Clip:
    """The middle of a sound's first minute, at most so many seconds of it, its first two channels.

    Raises:
        AudioError: it can't be read, or this part of it is silent or empty.
    """
    with AudioReader(sound.path) as reader:
        rate = reader.sample_rate
        promised = min(reader.frames, round(_EXCERPT_WITHIN_SECONDS * rate))
        length = max(1, round(longest * rate))
        start = max(0, (promised - length) // 2)
        parts: list[np.ndarray] = []
        at = 0
        for block in reader.blocks(rate):
            parts.append(block[:_MOST_CHANNELS, max(0, start - at) : max(0, start + length - at)])
            at += block.shape[1]
            if at >= start + length:
                break
    return _clip(sound.name, sound.path, parts, rate, of=f" in its middle {longest:g} s" if promised > length else "")


def _clip(name: str, path: Path, parts: list[np.ndarray], sample_rate: int, *, of: str = "") -> Clip:
    audio = np.concatenate(parts, axis=1) if parts else np.zeros((1, 0), np.float32)
    if audio.size == 0:
        raise AudioError(f"{path} holds no samples")
    if float(np.abs(audio).max()) < _SILENCE:
        raise AudioError(f"{path} is silent{of}")
    return Clip(name, audio, sample_rate)
