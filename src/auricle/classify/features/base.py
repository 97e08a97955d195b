"""What turns a sound into one vector of features, and the sounds as that needs them: mono, one rate, in pieces."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from auricle.audio import AudioReader, HeldAudio, Resampler, resample, source_path
from auricle.errors import AudioError

LONGEST_SECONDS = 30.0
"""A longer sound is cut into pieces of this length, and its features are the mean of theirs."""
_CANCELLED = 0.01  # where the mean of all channels has less of their power than this, they cancel each other out


class Piece(NamedTuple):
    """A piece of a sound: float32 ``(t,)``, and the second at which it begins."""

    audio: np.ndarray
    start: float


def to_mono(audio: np.ndarray) -> np.ndarray:
    """Channels ``(c, t)`` to one ``(t,)``: their mean, or the loudest where they cancel each other out."""
    if audio.shape[0] == 1 or not audio.shape[1]:
        return audio[0]
    mean, powers = audio.mean(axis=0), np.square(audio).mean(axis=1)
    return audio[int(powers.argmax())] if np.square(mean).mean() < _CANCELLED * powers.mean() else mean


def pieces(
    source: Path | HeldAudio, rate: int, *, seconds: float = LONGEST_SECONDS, hop_seconds: float | None = None
) -> Iterator[Piece]:
    """Read a file in pieces at another rate, with flat memory.

    Args:
        source: a file, or a sound in memory.
        rate: of the pieces, in Hz.
        seconds: length of a piece; the last may be shorter, but where pieces do not overlap a rest of less than half a
            piece is left out.
        hop_seconds: from the start of a piece to that of the next; by default their length.

    Raises:
        AudioError: the file can't be read.
    """
    length = max(1, round(seconds * rate))
    hop = max(1, round((hop_seconds or seconds) * rate))
    buffer, first, fresh = np.zeros(0, np.float32), 0, 0
    for block in resampled_blocks(source, rate):
        buffer = np.concatenate((buffer, block))
        fresh += len(block)
        while len(buffer) >= length:
            yield Piece(buffer[:length], first / rate)
            buffer, first, fresh = buffer[hop:], first + hop, max(0, len(buffer) - length)
    if len(buffer) and fresh and (first == 0 or 2 * len(buffer) >= length):
        yield Piece(buffer, first / rate)


def resampled_blocks(source: Path | HeldAudio, rate: int) -> Iterator[np.ndarray]:
    """Read a file as one channel, float32 ``(t,)`` at another rate, about a second at a time.

    Raises:
        AudioError: the file can't be read.
    """
    with AudioReader(source) as reader:
        resampler = Resampler(reader.sample_rate, rate, reader.channels)
        for block in reader.blocks(reader.sample_rate):
            yield to_mono(resampler.push(block))
        yield to_mono(resampler.flush())


def digest(*parts: object) -> str:
    """A short name for a way to make features: the same parts, the same features."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


class PeakFeatures(NamedTuple):
    """Features ``(d,)`` of a sound, and its largest magnitude."""

    values: np.ndarray
    peak: float


class Extractor(ABC):
    """Sounds of any length, rate and channel count to vectors of one size.

    Attributes:
        name: what people call it.
        sample_rate: at which it hears, in Hz.
        identity: the same for two extractors only where their features are the same.
        emphasis: how much each standardised feature counts, float32 ``(d,)``, 1 on average; None: all alike.
    """

    emphasis: np.ndarray | None = None

    def __init__(self, name: str, sample_rate: int, identity: str) -> None:
        self.name, self.sample_rate, self.identity = name, sample_rate, identity

    @abstractmethod
    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        """Features float32 ``(d,)`` of a sound float32 ``(t,)`` at `sample_rate`, t at least 1."""

    def of_equal_windows(self, audio: np.ndarray, starts: Sequence[int], length: int) -> np.ndarray:
        """Features ``(n, window_size)`` of stretches of a sound ``(t,)`` that may overlap.

        Args:
            audio: float32 at `sample_rate`.
            starts: the first sample of each.
            length: of each, in samples; none goes beyond the end.
        """
        return np.stack([self.mono_features(audio[start : start + length]) for start in starts])

    @property
    def window_size(self) -> int:
        """Length of a feature vector of `of_equal_windows`."""
        return self.size

    @property
    def size(self) -> int:
        """Length of a feature vector."""
        return len(self.mono_features(np.zeros(self.sample_rate // 10, np.float32)))

    def of_audio(self, audio: np.ndarray, rate: int) -> np.ndarray:
        """Features ``(d,)`` of a sound ``(c, t)`` at any rate.

        Raises:
            AudioError: it has no samples.
        """
        if audio.shape[1] == 0:
            raise AudioError("a sound without samples has no features: give one that lasts longer")
        return stored_features(self.mono_features(to_mono(resample(audio, rate, self.sample_rate))))

    def of_file(self, source: Path | HeldAudio) -> np.ndarray:
        """Features ``(d,)`` of a file: of the whole, or the mean of its pieces of 30 s where it is longer.

        Raises:
            AudioError: it can't be read, or has no samples.
        """
        return self.features_and_peak(source).values

    def features_and_peak(self, source: Path | HeldAudio) -> PeakFeatures:
        """Features of a file as `of_file`, and its peak.

        Raises:
            AudioError: it can't be read, or has no samples.
        """
        total, weight, peak = None, 0, 0.0
        for audio, _ in pieces(source, self.sample_rate):
            part = self.mono_features(audio) * len(audio)
            total, weight = part if total is None else total + part, weight + len(audio)
            peak = max(peak, float(np.abs(audio).max()))
        if total is None:
            raise AudioError(f"{source_path(source)} has no samples: replace it")
        return PeakFeatures(stored_features(total / weight), peak)

    def of_windows(
        self, source: Path | HeldAudio, seconds: float, hop_seconds: float
    ) -> Iterator[tuple[float, np.ndarray]]:
        """Start in seconds and features ``(d,)`` of each window of a file.

        Raises:
            AudioError: it can't be read.
        """
        for piece in pieces(source, self.sample_rate, seconds=min(seconds, LONGEST_SECONDS), hop_seconds=hop_seconds):
            yield piece.start, stored_features(self.mono_features(piece.audio))


def stored_features(values: np.ndarray) -> np.ndarray:
    """As the cache keeps them: rounded to float16, so that features are the same whether cached or not."""
    return np.nan_to_num(values, posinf=6e4, neginf=-6e4).clip(-6e4, 6e4).astype(np.float16).astype(np.float32)
