"""Audio files out, block by block or whole."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import NoReturn, Self, final

import numpy as np
import soundfile

from auricle.atomic import atomic_write
from auricle.audio.formats import opus
from auricle.audio.formats.base import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from auricle.audio.formats.flac import empty_flac
from auricle.audio.rf64 import is_beyond_wav, to_rf64
from auricle.audio.samples import float_samples
from auricle.audio.suffixes import check_format_limits, writable_format
from auricle.audio.tags import WRITABLE, clean_tags
from auricle.errors import AudioError, OptionError, OutputError
from auricle.options.field_types import check_arguments

_MAX_WRITE_SAMPLES = 1 << 16
"""Samples per call: libsndfile's Vorbis encoder overruns its stack with a minute or two at once."""

_PROBE_BYTES = 1 << 16
_WRITE_ERRORS = (soundfile.LibsndfileError, OSError, RuntimeError, AssertionError)
"""What soundfile raises where a disk is full, and where libsndfile has written less than it was given."""
_WAV_BITS = MappingProxyType({"PCM_16": 16, "PCM_24": 24})
_WAV_SAMPLE_BYTES = MappingProxyType({"PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8})


def check_rate_and_channels(sample_rate: int, channels: int) -> None:
    """Refuse what no writer writes.

    Raises:
        OptionError: not 1 to 8 channels, or a rate outside 8000 to 192000 Hz.
    """
    if not 1 <= channels <= MAX_CHANNELS:
        raise OptionError(f"can't write {channels} channels: give 1 to {MAX_CHANNELS}")
    if not (isinstance(sample_rate, int | np.integer) and MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE):
        limits = f"an integer from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}"
        raise OptionError(f"can't write a sample rate of {sample_rate} Hz: give {limits}")


def interleaved(path: Path, block: np.ndarray, channels: int, *, clip: bool) -> np.ndarray:
    """Float32 ``(t, c)`` of a block ``(c, t)`` that shall be written to ``path``.

    Raises:
        AudioError: a sample is NaN or infinite, or the number of channels is not the file's.
    """
    if block.ndim != 2 or block.shape[0] != channels:
        raise AudioError(f"{path} has {channels} channels, not the shape {block.shape}: give (c, t)")
    if not np.isfinite(block).all():
        raise AudioError(f"can't write {path}: the sound holds NaN or infinite samples")
    samples = np.asarray(block, np.float32).T
    return np.ascontiguousarray(np.clip(samples, -1.0, 1.0) if clip else samples)


def at_whole_steps(samples: np.ndarray, bits: int) -> np.ndarray:
    """Float32 samples at the nearest values that integers of so many bits, at most 24, stand for.

    Of a WAV libsndfile cuts off what lies below an integer. Without this all of a sound would lie half a step too low,
    and the faintest noise, -1e-9 as well, would become a whole step.
    """
    return np.rint(samples * np.float32(2 ** (bits - 1))) * np.float32(2.0 ** (1 - bits))


@final
class AudioWriter:
    """A file written block by block. The suffix chooses the format: .wav, .flac, .ogg (Vorbis), .opus or .mp3.

    Samples beyond -1 and 1 are clipped (they do not wrap around), except in the float subtypes of WAV, which
    hold them. A .wav beyond 4 GiB becomes RF64. Opus has 96 kb/s for each channel, and begins with silence that players
    skip. Use it inside `auricle.atomic.atomic_write`, so that a failure leaves no half-written file.

    Args:
        path: the file; replaced if it exists.
        sample_rate: in Hz.
        channels: number of channels, 1 to 8.
        subtype: libsndfile's name of the sample format, such as ``PCM_24`` or ``FLOAT``; None is ``PCM_16``
            for .wav and .flac.
        tags: title, artist and the like; `auricle.audio.tags.WRITABLE` are written.

    Raises:
        OptionError: the suffix, rate, channels or subtype can't be written.
        OutputError: the file can't be opened or written.
    """

    def __init__(
        self,
        path: Path | str,
        sample_rate: int,
        channels: int,
        subtype: str | None = None,
        *,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._path = Path(path)
        format, default = writable_format(self._path)
        subtype = subtype or default
        if not soundfile.check_format(format, subtype):
            subtypes = ", ".join(soundfile.available_subtypes(format))
            raise OptionError(f"{format} has no subtype {subtype}: choose one of {subtypes}")
        check_rate_and_channels(sample_rate, channels)
        check_format_limits(format, subtype, sample_rate, channels)
        self._channels = channels
        self._clips = subtype not in ("FLOAT", "DOUBLE")
        self._whole_bits = _WAV_BITS.get(subtype) if format == "WAV" else None
        self._sample_bytes = _WAV_SAMPLE_BYTES.get(subtype) if format == "WAV" else None
        try:
            self._file = soundfile.SoundFile(
                self._path,
                "w",
                samplerate=sample_rate,
                channels=channels,
                format=format,
                subtype=subtype,
                compression_level=opus.compression_level() if subtype == "OPUS" else None,
            )
        except _WRITE_ERRORS as error:
            self._fail(error)
        self._sample_rate = sample_rate
        self._written = 0
        self._write_tags(clean_tags((tags or {}).items()))
        self._is_opus = subtype == "OPUS"
        if self._is_opus:
            self._append(np.zeros((opus.LEAD_IN_SAMPLES * sample_rate // opus.CLOCK_RATE, channels), np.float32))

    def _write_tags(self, tags: Mapping[str, str]) -> None:
        for name in WRITABLE:
            if name in tags:
                setattr(self._file, name, tags[name])

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
        self._append(interleaved(self._path, block, self._channels, clip=self._clips))
        self._written += block.shape[1]

    def _append(self, samples: np.ndarray) -> None:
        """Samples ``(t, c)``."""
        try:
            for at in range(0, len(samples), _MAX_WRITE_SAMPLES):
                part = samples[at : at + _MAX_WRITE_SAMPLES]
                self._file.write(part if self._whole_bits is None else at_whole_steps(part, self._whole_bits))
        except _WRITE_ERRORS as error:
            self._fail(error)

    def close(self) -> None:
        """Finish the file; may be called twice.

        Raises:
            OptionError: no sample was written, and the format has no files without.
            OutputError: the last samples can't be written.
        """
        self._finish()
        if self._written == 0 and self._path.suffix.lower() == ".mp3":  # libsndfile leaves 0 bytes, which nobody reads
            raise OptionError(f"can't write {self._path}: an MP3 can't hold a sound of 0 samples: write .wav or .flac")

    def _finish(self) -> None:
        if self._file.closed:
            return
        try:
            self._file.close()
            if self._is_opus:
                opus.skip_lead_in(self._path)
            if self._written == 0 and self._path.suffix.lower() == ".flac":
                self._path.write_bytes(empty_flac(self._sample_rate, self._channels))
            if self._sample_bytes is not None and is_beyond_wav(self._path):
                to_rf64(self._path, self._written, self._sample_bytes * self._channels)
        except _WRITE_ERRORS as error:
            self._fail(error)

    def _fail(self, error: Exception) -> NoReturn:
        """Raise the system's reason, which is then the cause: libsndfile only says that there was one, so the system is
        asked again."""
        try:
            with self._path.open("ab") as file:
                file.write(bytes(_PROBE_BYTES))
        except OSError as cause:
            raise OutputError(f"can't write {self._path}: {cause.strerror or cause}") from cause
        raise OutputError(f"can't write {self._path}: {' '.join(str(error).split()).rstrip('. ')}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._finish()


@check_arguments("sample_rate")
def write(
    path: Path | str, audio: np.ndarray, sample_rate: int, *, subtype: str | None = None, force: bool = False
) -> None:
    """Write an audio file; it appears whole or not at all. Samples beyond -1 and 1 are clipped.

    Args:
        path: a .wav, .flac, .ogg, .opus or .mp3 file.
        audio: float ``(c, t)``, or ``(t,)`` for one channel.
        sample_rate: in Hz.
        subtype: sample format, as for `auricle.audio.AudioWriter`.
        force: replace an existing file.

    Raises:
        OptionError: the suffix, rate, channels or subtype can't be written.
        AudioError: the array has another shape or holds no floats, or a sample is NaN or infinite.
        OutputError: the file exists and ``force`` is false, or it can't be written.
    """
    samples = float_samples(audio)
    if samples.ndim not in (1, 2):
        raise AudioError(f"can't write an array of shape {samples.shape}: give (c, t) or (t,)")
    with (
        atomic_write(Path(path), force=force) as temporary,
        AudioWriter(temporary, sample_rate, 1 if samples.ndim == 1 else len(samples), subtype) as writer,
    ):
        writer.write(np.atleast_2d(samples))
