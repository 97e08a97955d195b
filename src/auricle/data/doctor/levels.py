"""How loud, clipped, silent and shifted a sound is, measured block by block."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

SILENT_PEAK = 1e-3
"""Time counts as silent where 50 ms stay below this peak (-60 dB)."""
_WINDOW_SECONDS = 0.05
_FULL_SCALE = 0.999
_MIN_RUN = 3  # so many samples in a row at full scale are a flat top; one or two may be a rightly normalised peak


@final
@dataclass(frozen=True, slots=True)
class Levels:
    """What was measured of one sound.

    Attributes:
        frames: samples per channel.
        peak: largest magnitude.
        level: root mean square of what is not silent, in dB of full scale; minus infinity for silence.
        clipped: share of samples in runs at full scale.
        silent: share of the time.
        offset: largest magnitude of a channel's mean.
    """

    frames: int
    peak: float
    level: float
    clipped: float
    silent: float
    offset: float


@final
class LevelMeter:
    """Takes a sound block by block; memory is flat.

    Args:
        sample_rate: in Hz.
        channels: number of channels.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._window = max(1, round(_WINDOW_SECONDS * sample_rate))
        self._pending = np.zeros((channels, 0), np.float32)
        self._last_flags = np.zeros((channels, _MIN_RUN - 1), bool)
        self._sums = np.zeros(channels)
        self._peak = self._power = 0.0
        self._frames = self._clipped = self._silent = 0

    def push(self, block: np.ndarray) -> None:
        """Take float32 ``(c, t)``."""
        self._frames += block.shape[1]
        self._sums += block.sum(axis=1, dtype=np.float64)
        self._clipped += self._count_clipped(block)
        samples = np.concatenate([self._pending, block], axis=1)
        count = samples.shape[1] // self._window
        self._add_windows(samples[:, : count * self._window].reshape(len(block), count, self._window))
        self._pending = samples[:, count * self._window :]

    def finish(self) -> Levels:
        """Return the figures."""
        if self._pending.shape[1]:
            self._add_windows(self._pending[:, None])
        audible_frames = self._frames - self._silent
        channels = len(self._sums)
        return Levels(
            frames=self._frames,
            peak=self._peak,
            level=10 * math.log10(self._power / (audible_frames * channels)) if audible_frames else -math.inf,
            clipped=self._clipped / max(1, self._frames * channels),
            silent=self._silent / max(1, self._frames),
            offset=float(np.abs(self._sums).max()) / max(1, self._frames),
        )

    def _count_clipped(self, block: np.ndarray) -> int:
        """How many samples end a run at full scale; a run counts from its third sample on."""
        high = np.concatenate([self._last_flags, np.abs(block) >= _FULL_SCALE], axis=1)
        self._last_flags = high[:, -(_MIN_RUN - 1) :]
        length = block.shape[1]
        if not high.any():
            return 0
        run = high[:, :length].copy()
        for shift in range(1, _MIN_RUN):
            run &= high[:, shift : shift + length]
        return int(run.sum())

    def _add_windows(self, windows: np.ndarray) -> None:
        """Add ``(c, windows, t)``."""
        if windows.size == 0:
            return
        peaks = np.abs(windows).max(axis=(0, 2))
        audible = peaks >= SILENT_PEAK
        powers = np.einsum("cwt,cwt->w", windows, windows, dtype=np.float64)
        self._peak = max(self._peak, float(peaks.max()))
        self._power += float(powers[audible].sum())
        self._silent += int((~audible).sum()) * windows.shape[2]
