"""A sound that is held until all of it is there, and its edges."""

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self, final

import numpy as np

from auricle.errors import OutputError

_MEMORY_BYTES = 1 << 20
_BLOCK_SAMPLES = 1 << 16
BEGIN_SECONDS = 0.001
"""Over which a beginning fades in."""
_TAIL_SECONDS = 0.005
BEGIN_SHARE = 0.01
"""Of the largest sample: a first one above it clicks."""
_TAIL_SHARE = 10 ** (-60 / 20)
MOST_OF_SOUND = 8
"""A fade is at most one part of so many."""


@final
class SoundSpool:
    """Holds blocks ``(c, t)`` of one sound; what is beyond a megabyte lies in a temporary file. Close it.

    Args:
        channels: c.
        sample_rate: in Hz.
    """

    def __init__(self, channels: int, sample_rate: int) -> None:
        self._channels, self._sample_rate = channels, sample_rate
        self._file = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115, closed by __exit__
        self._samples = 0

    @property
    def samples(self) -> int:
        """Per channel."""
        return self._samples

    def add(self, block: np.ndarray) -> None:
        """Append float32 ``(c, t)``.

        Raises:
            OutputError: no room for the temporary file.
        """
        try:
            self._file.write(np.ascontiguousarray(block.T, np.float32).tobytes())
        except OSError as error:
            raise OutputError(f"can't keep a sound in {tempfile.gettempdir()}: {error.strerror or error}") from error
        self._samples += block.shape[1]

    def blocks(self) -> Iterator[np.ndarray]:
        """All of it, as often as need be."""
        self._file.seek(0)
        while data := self._file.read(_BLOCK_SAMPLES * self._channels * 4):
            yield np.frombuffer(data, np.float32).reshape(-1, self._channels).T

    def clean_blocks(self, cut_seconds: float) -> Iterator[np.ndarray]:
        """All of it, without a click at its ends.

        A first sample above 1 % of the largest fades in within 1 ms. An end that is not 60 dB below the largest
        sample fades out within ``cut_seconds``. Neither is more than an eighth of the sound.
        """
        begin, end = self._fades(cut_seconds)
        position = 0
        for block in self.blocks():
            index = position + np.arange(block.shape[1])
            position += block.shape[1]
            near = (index < begin) | (index >= self._samples - end)
            if near.any():
                gain = rise(index, begin) * rise(self._samples - 1 - index, end)
                block = block * gain.astype(np.float32)
            yield block

    def _fades(self, cut_seconds: float) -> tuple[int, int]:
        """Samples over which it fades in and out."""
        peak, first, tail = 0.0, 0.0, np.zeros(0)
        tail_samples = max(1, round(_TAIL_SECONDS * self._sample_rate))
        for number, block in enumerate(self.blocks()):
            magnitude = np.abs(block).max(axis=0)
            first = float(magnitude[0]) if number == 0 else first
            peak = max(peak, float(magnitude.max()))
            tail = np.concatenate((tail, magnitude))[-tail_samples:]
        most = self._samples // MOST_OF_SOUND
        begin = min(most, round(BEGIN_SECONDS * self._sample_rate)) if first > BEGIN_SHARE * peak else 0
        is_cut = tail.max(initial=0.0) > _TAIL_SHARE * peak
        return begin, min(most, round(cut_seconds * self._sample_rate)) if is_cut else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def rise(index: np.ndarray, samples: int) -> np.ndarray:
    """Half a cosine from 0 at index 0 to 1 at ``samples``."""
    gains = np.ones(len(index))
    inside = index < samples
    gains[inside] = 0.5 - 0.5 * np.cos(np.pi * np.maximum(index[inside], 0) / samples)
    return gains
