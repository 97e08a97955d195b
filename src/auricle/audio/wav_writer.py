"""WAV to a pipe, where nothing can be corrected afterwards."""

import struct
from collections.abc import Callable, Mapping
from os import SEEK_END
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import BinaryIO, NamedTuple, Self, final

import numpy as np

from auricle.audio.rf64 import LARGEST_WAV, RF64_EXTRA_BYTES, rf64_start
from auricle.audio.writer import at_whole_steps, check_rate_and_channels, interleaved
from auricle.errors import OptionError, OutputError

_BEFORE_SAMPLES = 36


class _Subtype(NamedTuple):
    tag: int
    bits: int
    encode: Callable[[np.ndarray], bytes]


def _integers(samples: np.ndarray, bits: int) -> np.ndarray:
    """Int32 of so many bits of float32 in -1..1, rounded as in every file."""
    return (at_whole_steps(samples, bits) * 2.0 ** (bits - 1)).clip(None, 2.0 ** (bits - 1) - 1).astype("<i4")


def _two_bytes(samples: np.ndarray) -> bytes:
    return _integers(samples, 16).astype("<i2").tobytes()


def _three_bytes(samples: np.ndarray) -> bytes:
    return np.ascontiguousarray(_integers(samples, 24).view(np.uint8).reshape(-1, 4)[:, :3]).tobytes()


_SUBTYPES: Mapping[str, _Subtype] = MappingProxyType(
    {
        "PCM_16": _Subtype(1, 16, _two_bytes),
        "PCM_24": _Subtype(1, 24, _three_bytes),
        "FLOAT": _Subtype(3, 32, lambda samples: samples.astype("<f4").tobytes()),
    }
)


@final
class WavStreamWriter:
    """A WAV written block by block to a binary stream that need not be seekable, such as standard output.

    The bytes of the samples are those of a file that `auricle.audio.AudioWriter` writes. The header says how many there
    are if ``frames`` is given, beyond 4 GiB as RF64; else it holds 0xFFFFFFFF, "to the end" to most programs.

    Args:
        stream: an open binary file; it is flushed at the end but not closed.
        sample_rate: in Hz.
        channels: number of channels, 1 to 8.
        subtype: ``PCM_16``, ``PCM_24`` or ``FLOAT``.
        frames: samples per channel that will be written.
        name: what messages call the stream.

    Raises:
        OptionError: the rate, channels or subtype can't be written.
        OutputError: the stream can't be written. A `BrokenPipeError` passes: whoever reads has seen enough.
    """

    def __init__(
        self,
        stream: BinaryIO,
        sample_rate: int,
        channels: int,
        subtype: str = "PCM_16",
        *,
        frames: int | None = None,
        name: str = "standard output",
    ) -> None:
        check_rate_and_channels(sample_rate, channels)
        if subtype not in _SUBTYPES:
            raise OptionError(f"WAV to a pipe has no subtype {subtype}: choose one of {', '.join(_SUBTYPES)}")
        self._stream, self._name, self._channels, self._total_frames = stream, Path(name), channels, frames
        self._subtype, self._sample_rate = _SUBTYPES[subtype], sample_rate
        self._written = 0
        self._write_bytes(_header(self._subtype, sample_rate, channels, frames))

    @property
    def frames(self) -> int:
        """Samples per channel written so far."""
        return self._written

    def write(self, block: np.ndarray) -> None:
        """Append float ``(c, t)``.

        Raises:
            AudioError: a sample is NaN or infinite, or the number of channels is not the stream's.
            OutputError: the stream can't be written.
        """
        samples = interleaved(self._name, block, self._channels, clip=self._subtype.tag == 1)
        self._write_bytes(self._subtype.encode(samples))
        self._flush()
        self._written += block.shape[1]

    def state_length(self) -> None:
        """Put the number of samples so far into the header, but of a pipe, and beyond 4 GiB, where it has no room.

        Raises:
            OutputError: the header can't be written.
        """
        header = _header(self._subtype, self._sample_rate, self._channels, self._written)
        fits = len(header) == len(_header(self._subtype, self._sample_rate, self._channels, None))
        if fits and self._stream.seekable():
            end = self._stream.seek(0, SEEK_END)
            self._stream.seek(0)
            self._write_bytes(header)
            self._stream.seek(end)

    def close(self) -> None:
        """Pass on everything; may be called twice.

        Raises:
            OutputError: the last samples can't be written.
        """
        assert self._total_frames in (None, self._written), (
            f"{self._total_frames} frames were announced, not {self._written}"
        )
        self._flush()

    def _flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            raise self._write_error(error) from error

    def _write_bytes(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                count = self._stream.write(view)  # a raw stream may take a part
                view = view[len(view) if count is None else count :]
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            raise self._write_error(error) from error

    def _write_error(self, error: Exception) -> OutputError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        return OutputError(f"can't write {self._name}: {reason}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()


def _header(subtype: _Subtype, sample_rate: int, channels: int, frames: int | None) -> bytes:
    align = channels * subtype.bits // 8
    size = 0 if frames is None else frames * align
    shape = struct.pack("<HHIIHH", subtype.tag, channels, sample_rate, sample_rate * align, align, subtype.bits)
    format_chunk = struct.pack("<4sI", b"fmt ", len(shape)) + shape
    if frames is None:
        start, data_size = _riff(LARGEST_WAV), LARGEST_WAV
    elif _BEFORE_SAMPLES + size <= LARGEST_WAV:
        start, data_size = _riff(_BEFORE_SAMPLES + size), size
    else:
        start, data_size = rf64_start(_BEFORE_SAMPLES + 8 + RF64_EXTRA_BYTES + size, size, frames), LARGEST_WAV
    return start + format_chunk + struct.pack("<4sI", b"data", data_size)


def _riff(size: int) -> bytes:
    return struct.pack("<4sI4s", b"RIFF", size, b"WAVE")
