"""Audio files in and out: whole, or block by block with flat memory.

Samples are float32 ``(c, t)``, full scale at -1 and 1 (float files may exceed it).
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, final

import numpy as np
import soundfile

from auricle.audio import ogg
from auricle.audio.decoder import (
    MAX_CHANNELS,
    MAX_SAMPLE_RATE,
    MIN_SAMPLE_RATE,
    AudioInfo,
    Decoder,
    check_limits,
)
from auricle.audio.headers import empty_flac
from auricle.audio.names import is_audio_name, needs_pyav, writable_format
from auricle.audio.pyav import AvDecoder, available
from auricle.audio.sndfile import NotForSndfileError, SndfileDecoder
from auricle.errors import AudioError, OptionError, OutputError

__all__ = ["AudioInfo", "AudioReader", "AudioWriter", "info", "is_audio_name", "read", "writable_format"]

_BLOCK = 1 << 18


def info(path: Path | str) -> AudioInfo:
    """Read the header of an audio file.

    Raises:
        AudioError: the file is missing, a folder, empty, not audio, visibly cut short, has more than 8
            channels or a sample rate outside 8000 to 192000 Hz.
    """
    decoder = _open(Path(path))
    decoder.close()
    return decoder.info


def read(path: Path | str) -> tuple[np.ndarray, int]:
    """Read a whole audio file: float32 ``(c, t)`` and its sample rate in Hz.

    Raises:
        AudioError: as `info`; or the file is cut short or damaged, or a sample is NaN or infinite.
    """
    with AudioReader(path) as reader:
        blocks = list(reader.blocks(_BLOCK))
        if not blocks:
            return np.zeros((reader.channels, 0), np.float32), reader.sample_rate
        return np.concatenate(blocks, axis=1), reader.sample_rate


@final
class AudioReader:
    """A file read block by block, in flat memory. A sound of no samples is legal: it yields no block.

    Raises:
        AudioError: as `info`, at once; damage inside the file is found by `blocks`.
    """

    def __init__(self, path: Path | str) -> None:
        self._decoder = _open(Path(path))
        self._info = self._decoder.info

    @property
    def info(self) -> AudioInfo:
        """What the header says."""
        return self._info

    @property
    def sample_rate(self) -> int:
        """Samples per second and channel."""
        return self._info.sample_rate

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self._info.channels

    @property
    def frames(self) -> int:
        """Samples per channel that the header promises; an estimate unless ``info.exact``."""
        return self._info.frames

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Yield float32 ``(c, t)`` from the start to the end, once; t is ``size`` but in the last block.

        Raises:
            AudioError: the file is cut short or damaged, or a sample is NaN or infinite.
            OptionError: ``size`` is not positive.
        """
        if size < 1:
            raise OptionError(f"a block size of {size} samples: give 1 or more")
        self._check_pages()
        done = 0
        while (block := self._decoder.read(size)).shape[0]:
            self._check_finite(block, done)
            done += block.shape[0]
            yield np.ascontiguousarray(block.T)
        self._check_complete(done)

    def _check_pages(self) -> None:
        fault = ogg.damage(self._info.path) if self._info.format == "OGG" else None
        if fault is not None:
            raise AudioError(f"{self._info.path} is damaged ({fault}): replace it")

    def _check_finite(self, block: np.ndarray, done: int) -> None:
        if np.isfinite(block).all():
            return
        first = int(np.argmin(np.isfinite(block).all(axis=1)))
        value = block[first][~np.isfinite(block[first])][0]
        second = (done + first) / self.sample_rate
        raise AudioError(f"{self._info.path} holds the sample {value} at {second:.3f} s: export the sound again")

    def _check_complete(self, done: int) -> None:
        tolerance = self._decoder.tolerance
        if tolerance is None or done >= self.frames - tolerance:
            return
        raise AudioError(
            f"{self._info.path} is cut short (its header promises {self.frames} samples, {done} are there): "
            "replace it, or convert it with a tool that repairs it"
        )

    def close(self) -> None:
        """Release the file."""
        self._decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open(path: Path) -> Decoder:
    try:
        if path.is_dir():
            raise AudioError(f"{path} is a folder: name an audio file")
        if path.stat().st_size == 0:
            raise AudioError(f"{path} is empty (0 bytes): replace it")
        decoder = _open_any(path)
    except FileNotFoundError as error:
        raise AudioError(f"{path} does not exist: check the name") from error
    except OSError as error:
        raise AudioError(f"can't read {path}: {error.strerror or error}") from error
    try:
        check_limits(decoder.info)
    except AudioError:
        decoder.close()
        raise
    return decoder


def _open_any(path: Path) -> Decoder:
    try:
        return SndfileDecoder(path)
    except NotForSndfileError as error:
        refusal = " ".join(str(error).split()).rstrip(". ").lower()
    if available():
        return AvDecoder(path)
    if needs_pyav(path):
        raise AudioError(f"reading {path} needs PyAV: pip install 'auricle[av]', or convert it to WAV or FLAC")
    raise AudioError(
        f"{path} is not audio that Auricle can read ({refusal}): convert it to WAV or FLAC, or install PyAV "
        "for more formats (pip install 'auricle[av]')"
    )


@final
class AudioWriter:
    """A file written block by block. The suffix chooses the format: .wav, .flac or .ogg (Vorbis).

    Samples beyond -1 and 1 are clipped (they do not wrap around), except in the float subtypes of WAV, which
    hold them. Use it inside `auricle.output.fresh_file`, so that a failure leaves no half-written file.

    Args:
        path: the file; replaced if it exists.
        sample_rate: in Hz.
        channels: number of channels, 1 to 8.
        subtype: libsndfile's name of the sample format, such as ``PCM_24`` or ``FLOAT``; None is ``PCM_16``
            for .wav and .flac.

    Raises:
        OptionError: the suffix, rate, channels or subtype can't be written.
        OutputError: the file can't be opened or written.
    """

    def __init__(self, path: Path | str, sample_rate: int, channels: int, subtype: str | None = None) -> None:
        self._path = Path(path)
        format, default = writable_format(self._path)
        subtype = subtype or default
        if not soundfile.check_format(format, subtype):
            known = ", ".join(soundfile.available_subtypes(format))
            raise OptionError(f"{format} has no subtype {subtype}: choose one of {known}")
        if not 1 <= channels <= MAX_CHANNELS:
            raise OptionError(f"can't write {channels} channels: give 1 to {MAX_CHANNELS}")
        if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
            raise OptionError(
                f"can't write a sample rate of {sample_rate} Hz: give {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}"
            )
        self._channels = channels
        self._clips = subtype not in ("FLOAT", "DOUBLE")
        try:
            self._file = soundfile.SoundFile(
                self._path, "w", samplerate=sample_rate, channels=channels, format=format, subtype=subtype
            )
        except (soundfile.LibsndfileError, OSError) as error:
            raise OutputError(f"can't write {self._path}: {_reason(error)}") from error
        self._sample_rate = sample_rate
        self._written = 0

    @property
    def frames(self) -> int:
        """Samples per channel written so far."""
        return self._written

    def write(self, block: np.ndarray) -> None:
        """Append float ``(c, t)``.

        Raises:
            AudioError: a sample is NaN or infinite, or the number of channels is not the file's.
            OutputError: the file can't be written.
        """
        if block.ndim != 2 or block.shape[0] != self._channels:
            raise AudioError(f"{self._path} has {self._channels} channels, not the shape {block.shape}: give (c, t)")
        if not np.isfinite(block).all():
            raise AudioError(f"can't write {self._path}: the sound holds NaN or infinite samples")
        samples = np.asarray(block, np.float32).T
        if self._clips:
            samples = np.clip(samples, -1.0, 1.0)
        try:
            self._file.write(np.ascontiguousarray(samples))
        except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
            raise OutputError(f"can't write {self._path}: {_reason(error)}") from error
        self._written += block.shape[1]

    def close(self) -> None:
        """Finish the file; may be called twice.

        Raises:
            OutputError: the last samples can't be written.
        """
        if self._file.closed:
            return
        try:
            self._file.close()
            if self._written == 0 and self._path.suffix.lower() == ".flac":
                self._path.write_bytes(empty_flac(self._sample_rate, self._channels))
        except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
            raise OutputError(f"can't write {self._path}: {_reason(error)}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(". ")
