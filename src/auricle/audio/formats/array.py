"""Sounds that are in memory already."""

from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from auricle.audio.formats.base import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, AudioDecoder, AudioInfo
from auricle.errors import AudioError


@final
class HeldAudio(NamedTuple):
    """A sound in memory: floats ``(c, t)``, or ``(t,)`` for one channel, its rate in Hz, and what messages call it."""

    audio: np.ndarray
    sample_rate: int
    name: str = "the audio"


@final
class ArrayDecoder(AudioDecoder):
    """A sound in memory, read like a file.

    Raises:
        AudioError: another shape or type, or a rate or number of channels that files can't have.
    """

    def __init__(self, held: HeldAudio) -> None:
        audio, rate = held.audio, held.sample_rate
        if not isinstance(audio, np.ndarray) or audio.dtype.kind != "f":
            kind = audio.dtype if isinstance(audio, np.ndarray) else type(audio).__name__
            raise AudioError(f"{held.name} is of {kind}: give a numpy array of floats; divide int16 by 32768")
        with np.errstate(over="ignore"):
            self._audio = np.atleast_2d(audio).astype(np.float32, copy=False)
        if audio.ndim not in (1, 2) or not 1 <= len(self._audio) <= MAX_CHANNELS:
            raise AudioError(
                f"{held.name} has the shape {audio.shape}: give (c, t), 1 to {MAX_CHANNELS} channels first"
            )
        if not isinstance(rate, int | np.integer) or not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
            raise AudioError(
                f"{held.name} is at {rate} Hz: give an integer from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}"
            )
        super().__init__(AudioInfo(Path(held.name), int(rate), len(self._audio), self._audio.shape[1], "array"))
        self._at = 0

    def damage(self) -> str | None:
        return None

    def read(self, size: int) -> np.ndarray:
        start, self._at = self._at, self._at + size
        return self._audio[:, start : start + size].T

    def close(self) -> None:
        """Nothing is open."""
