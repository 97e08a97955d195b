"""What features have to beat: statistics of log-mel bands and of cepstral coefficients, without anything learned."""

from typing import final

import numpy as np

from auricle.classify.features.base import Extractor, digest
from auricle.classify.features.pooling import normalise_level
from auricle.dsp.mel import mel_filterbank

_BANDS = 64
_COEFFICIENTS = 20
_WINDOW_SECONDS = 0.032
_FLOOR = 1e-8
_VERSION = 1


@final
class LogMelFeatures(Extractor):
    """Mean, deviation, maximum and change over time of 64 log-mel bands (powers; windows of about 32 ms, a quarter as
    hop), of each of some equal parts of the sound.

    Args:
        rate: of the sounds, in Hz.
        segments: parts of the sound with statistics of their own.
        level: bring every sound to the same level first.
    """

    def __init__(self, rate: int, *, segments: int = 1, level: bool = True) -> None:
        super().__init__(
            _named("log-mel statistics", segments), rate, digest("log-mel", _VERSION, rate, segments, level)
        )
        self._segments, self._level = segments, level

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        return _statistics(log_mel(normalise_level(audio) if self._level else audio, self.sample_rate), self._segments)


@final
class MfccFeatures(Extractor):
    """The same of 20 mel-frequency cepstral coefficients (Davis and Mermelstein, 1980); arguments as those of
    `LogMelFeatures`.
    """

    def __init__(self, rate: int, *, segments: int = 1, level: bool = True) -> None:
        super().__init__(_named("MFCC statistics", segments), rate, digest("mfcc", _VERSION, rate, segments, level))
        self._segments, self._level = segments, level

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        bands = log_mel(normalise_level(audio) if self._level else audio, self.sample_rate)
        return _statistics(bands @ _cosines(), self._segments)


def _named(name: str, segments: int) -> str:
    return name if segments == 1 else f"{name} of {segments} segments"


def log_mel(audio: np.ndarray, rate: int) -> np.ndarray:
    """Log-mel powers ``(n, 64)`` of a sound ``(t,)``; frames are centred on multiples of the hop."""
    size = 4 * mel_hop(rate)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, size // 2), size)[:: size // 4]
    powers = np.square(np.abs(np.fft.rfft(frames * window))) @ mel_filterbank(rate, size, _BANDS).T
    return np.log(powers + _FLOOR)


def mel_hop(rate: int) -> int:
    """Samples from one frame of `log_mel` to the next."""
    return (1 << round(np.log2(_WINDOW_SECONDS * rate))) // 4


def _cosines() -> np.ndarray:
    """Orthonormal DCT-II ``(64, 20)``."""
    angles = np.pi / _BANDS * np.outer(np.arange(_BANDS) + 0.5, np.arange(_COEFFICIENTS))
    return np.cos(angles) * np.sqrt(np.where(np.arange(_COEFFICIENTS) == 0, 1, 2) / _BANDS)


def _statistics(values: np.ndarray, segments: int) -> np.ndarray:
    change = np.abs(np.diff(values, axis=0, prepend=values[:1]))
    parts = []
    edges = np.linspace(0, len(values), segments + 1)
    for start, end in zip(np.minimum(edges[:-1].astype(int), len(values) - 1), np.ceil(edges[1:]), strict=True):
        part, moves = (array[start : max(start + 1, int(end))] for array in (values, change))
        parts += [part.mean(0), part.std(0), part.max(0), moves.mean(0), moves.std(0)]
    return np.concatenate(parts).astype(np.float32)
