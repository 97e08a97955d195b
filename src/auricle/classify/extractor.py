"""What turns a sound into one vector of features."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from auricle.audio import resample
from auricle.classify.reading import LONGEST_SECONDS, mixed, pieces
from auricle.errors import AudioError


def digest(*parts: object) -> str:
    """A short name for a way to make features: the same parts, the same features."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


class Heard(NamedTuple):
    """Features ``(d,)`` of a sound, and its largest magnitude."""

    values: np.ndarray
    peak: float


class Extractor(ABC):
    """Sounds of any length, rate and channel count to vectors of one size.

    Attributes:
        name: what people call it.
        sample_rate: at which it hears, in Hz.
        identity: the same for two extractors only where their features are the same.
    """

    def __init__(self, name: str, sample_rate: int, identity: str) -> None:
        self.name, self.sample_rate, self.identity = name, sample_rate, identity

    @abstractmethod
    def pooled(self, audio: np.ndarray) -> np.ndarray:
        """Features float32 ``(d,)`` of a sound float32 ``(t,)`` at `sample_rate`, t at least 1."""

    @property
    def size(self) -> int:
        """Features of a sound."""
        return len(self.pooled(np.zeros(self.sample_rate // 10, np.float32)))

    def of_audio(self, audio: np.ndarray, rate: int) -> np.ndarray:
        """Features ``(d,)`` of a sound ``(c, t)`` at any rate.

        Raises:
            AudioError: it has no samples.
        """
        if audio.shape[1] == 0:
            raise AudioError("a sound without samples has no features: give one that lasts longer")
        return _stored(self.pooled(mixed(resample(audio, rate, self.sample_rate))))

    def of_file(self, path: Path) -> np.ndarray:
        """Features ``(d,)`` of a file: of the whole, or the mean of its pieces of 30 s where it is longer.

        Raises:
            AudioError: it can't be read, or has no samples.
        """
        return self.heard(path).values

    def heard(self, path: Path) -> Heard:
        """Features of a file as `of_file`, and its peak.

        Raises:
            AudioError: it can't be read, or has no samples.
        """
        total, weight, peak = None, 0, 0.0
        for audio, _ in pieces(path, self.sample_rate):
            part = self.pooled(audio) * len(audio)
            total, weight = part if total is None else total + part, weight + len(audio)
            peak = max(peak, float(np.abs(audio).max()))
        if total is None:
            raise AudioError(f"{path} has no samples: replace it")
        return Heard(_stored(total / weight), peak)

    def of_windows(self, path: Path, seconds: float, hop_seconds: float) -> Iterator[tuple[float, np.ndarray]]:
        """Start in seconds and features ``(d,)`` of each window of a file.

        Raises:
            AudioError: it can't be read.
        """
        for piece in pieces(path, self.sample_rate, seconds=min(seconds, LONGEST_SECONDS), hop_seconds=hop_seconds):
            yield piece.start, _stored(self.pooled(piece.audio))


def _stored(values: np.ndarray) -> np.ndarray:
    """As the cache keeps them: rounded to float16, so that features are the same whether cached or not."""
    return np.nan_to_num(values, posinf=6e4, neginf=-6e4).clip(-6e4, 6e4).astype(np.float16).astype(np.float32)
