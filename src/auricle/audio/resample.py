"""Sample rate conversion, whole or block by block, with soxr's high quality filter (linear phase)."""

from typing import final

import numpy as np
import soxr

from auricle.audio.samples import float_samples
from auricle.errors import AudioError, OptionError

_MAX_RATE = 10_000_000
"""In Hz; beyond it the filters take minutes to design, and at last for ever."""


def _is_rate(rate: object) -> bool:
    return isinstance(rate, int | np.integer) and not isinstance(rate, bool) and int(rate) > 0


def resampled_length(length: int, source_rate: int, target_rate: int) -> int:
    """Return how many samples ``length`` samples become: the quotient of the rates times it, rounded up."""
    return -(-length * target_rate // source_rate)


def resample(audio: np.ndarray, source_rate: int, target_rate: int) -> np.ndarray:
    """Convert float ``(c, t)``, or ``(t,)``, to another rate: float32 of as many axes, ``resampled_length(t, ...)``
    samples long.

    Raises:
        AudioError: the array has another shape, or holds no floats.
        OptionError: a rate is no positive integer, or above 10 MHz.
    """
    samples = float_samples(audio)
    if samples.ndim not in (1, 2):
        raise AudioError(f"can't resample an array of shape {samples.shape}: give (c, t) or (t,)")
    channels = np.atleast_2d(samples)
    resampler = Resampler(source_rate, target_rate, len(channels))
    result = np.concatenate([resampler.push(channels), resampler.flush()], axis=1)
    return result.reshape(*samples.shape[:-1], -1)


@final
class Resampler:
    """A converter that takes a sound in blocks of any size.

    The samples that come out are the same, bit for bit, however the sound is cut into blocks, and in all they
    are `resampled_length` of what went in. Equal rates pass the samples through. Memory is flat.

    Args:
        source_rate: of the blocks that go in, in Hz.
        target_rate: of the blocks that come out, in Hz.
        channels: number of channels, at least 1.

    Raises:
        OptionError: a rate or the number of channels is no positive integer, or a rate is above 10 MHz.
    """

    def __init__(self, source_rate: int, target_rate: int, channels: int) -> None:
        if not (_is_rate(source_rate) and _is_rate(target_rate)):
            raise OptionError(f"can't resample from {source_rate} to {target_rate} Hz: rates are positive integers")
        if max(source_rate, target_rate) > _MAX_RATE:
            raise OptionError(f"can't resample from {source_rate} to {target_rate} Hz: give rates up to {_MAX_RATE} Hz")
        if channels < 1:
            raise OptionError(f"can't resample {channels} channels: give at least 1")
        self._source, self._target, self._channels = source_rate, target_rate, channels
        self._stream = None if source_rate == target_rate else soxr.ResampleStream(source_rate, target_rate, channels)
        self._samples_in = 0
        self._samples_out = 0
        self._flushed = False

    def push(self, block: np.ndarray) -> np.ndarray:
        """Take float ``(c, t)``, t >= 0; return float32 ``(c, t')``, what is ready of the result."""
        assert not self._flushed, "a resampler takes nothing after its flush"
        assert block.ndim == 2 and block.shape[0] == self._channels, f"expected (c, t), got {block.shape}"
        block = np.asarray(block, np.float32)
        self._samples_in += block.shape[1]
        if self._stream is None:
            self._samples_out += block.shape[1]
            return block
        return self._trim(self._stream.resample_chunk(np.ascontiguousarray(block.T)))

    def flush(self) -> np.ndarray:
        """Return the rest, float32 ``(c, t')``; afterwards the resampler takes nothing more."""
        assert not self._flushed, "a resampler is flushed once"
        self._flushed = True
        if self._stream is None or self._samples_in == 0:
            return np.zeros((self._channels, 0), np.float32)
        # soxr rounds the length to the nearest: some zeros more make the last sample that rounding up asks
        # for.
        zeros = np.zeros((2 + 2 * self._source // self._target, self._channels), np.float32)
        return self._trim(self._stream.resample_chunk(zeros, last=True))

    def _trim(self, converted: np.ndarray) -> np.ndarray:
        missing = resampled_length(self._samples_in, self._source, self._target) - self._samples_out
        ready = np.ascontiguousarray(converted[:missing].T)
        self._samples_out += ready.shape[1]
        return ready
