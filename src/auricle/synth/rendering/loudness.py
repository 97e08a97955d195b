"""Loudness in LUFS (ITU-R BS.1770-4), where pyloudnorm is installed."""

from collections.abc import Iterator
from math import log10
from typing import final

import numpy as np

from auricle.errors import MissingPackageError
from auricle.extras import require

_PIECE_SECONDS = 10.0
_BLOCK_SECONDS = 0.4
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
_MOST_CHANNELS = 5


@final
class LoudnessMeter:
    """Measures a sound that comes in blocks, with the memory of 10 seconds.

    Sounds up to 10 s are measured as the standard says, of longer ones every 10 s for itself; what is below -70 LUFS or
    10 LU below the mean is left out of their mean, as the standard leaves out blocks. Sounds shorter than a block of
    0.4 s are measured as if silence followed.

    Args:
        sample_rate: in Hz.
        channels: c.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._sample_rate, self._channels = sample_rate, channels
        self._piece_samples = round(_PIECE_SECONDS * sample_rate)
        self._waiting: list[np.ndarray] = []
        self._waiting_samples = 0
        self._pieces: list[tuple[float, int]] = []

    def add(self, block: np.ndarray) -> np.ndarray:
        """Take float32 ``(c, t)`` and return it."""
        for start in range(0, block.shape[1], self._piece_samples):
            self._add_part(block[:, start : start + self._piece_samples])
        return block

    def _add_part(self, part: np.ndarray) -> None:
        remaining = self._piece_samples - self._waiting_samples
        self._waiting.append(part[:, :remaining])
        self._waiting_samples += self._waiting[-1].shape[1]
        if self._waiting_samples == self._piece_samples:
            self._measure()
            self._waiting.append(part[:, remaining:])
            self._waiting_samples = self._waiting[-1].shape[1]

    def _measure(self) -> None:
        audio = np.concatenate(self._waiting, axis=1) if self._waiting else np.zeros((self._channels, 0), np.float32)
        self._waiting, self._waiting_samples = [], 0
        if (loudness := integrated_loudness(audio, self._sample_rate)) is not None:
            self._pieces.append((loudness, audio.shape[1]))

    def loudness(self) -> float | None:
        """Integrated loudness in LUFS of all that was added; None for silence, over five channels, or without
        pyloudnorm. To be called once, at the end."""
        if self._waiting_samples >= _BLOCK_SECONDS * self._sample_rate or not self._pieces:
            self._measure()
        powers = [(10 ** (loudness / 10), samples) for loudness, samples in self._gated()]
        if not powers:
            return None
        return 10 * log10(sum(power * samples for power, samples in powers) / sum(samples for _, samples in powers))

    def _gated(self) -> Iterator[tuple[float, int]]:
        audible = [piece for piece in self._pieces if piece[0] >= _ABSOLUTE_GATE]
        total = sum(10 ** (loudness / 10) * samples for loudness, samples in audible)
        gate = 10 * log10(total / sum(samples for _, samples in audible)) + _RELATIVE_GATE if audible else 0.0
        yield from (piece for piece in audible if piece[0] >= gate)


def integrated_loudness(audio: np.ndarray, sample_rate: int) -> float | None:
    """Loudness of float ``(c, t)`` in LUFS; None for silence, over five channels, or without pyloudnorm."""
    if len(audio) > _MOST_CHANNELS or not audio.any():
        return None
    try:
        meters = require("pyloudnorm", extra="synth", purpose="loudness figures")
    except MissingPackageError:
        return None
    missing = max(0, -(-round(1000 * _BLOCK_SECONDS) * sample_rate // 1000) + 1 - audio.shape[1])
    padded = np.pad(audio.astype(np.float64), ((0, 0), (0, missing)))
    loudness = float(meters.Meter(sample_rate).integrated_loudness(padded.T))
    return loudness if np.isfinite(loudness) else None
