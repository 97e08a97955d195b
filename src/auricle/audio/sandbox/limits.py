"""How much a sound may claim, take and cost before it is refused."""

from dataclasses import dataclass
from math import isfinite
from typing import final

from auricle.audio.formats.base import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, AudioInfo
from auricle.errors import AudioError, OptionError

_FREE_BYTES = 1 << 26
"""What any file may decode to, however small it is: honest files of silence are tiny."""
_SAMPLE_BYTES = 4


@final
@dataclass(frozen=True)
class AudioLimits:
    """Bounds on one sound. The first six always hold; the last three where it is decoded in a child process.

    Attributes:
        seconds: length of the sound.
        ratio: decoded bytes (float32) to bytes of the file; the first 64 MiB are free. FLAC of pure silence
            reaches 1200 a channel.
        channels: at most 8.
        sample_rate: in Hz, at most 192000.
        whole_bytes: decoded bytes of a sound that is read whole into memory.
        spool_bytes: of a sound from a pipe that must be stored in a temporary file to be read.
        wait_seconds: spent waiting for the child in all, and its processor time. Time that the caller spends on
            the samples does not count.
        stall_seconds: spent waiting for the child's next samples.
        memory_bytes: what the child may take beyond the interpreter and its libraries (Linux only).
    """

    seconds: float = 7 * 86_400.0
    ratio: float = 20_000.0
    channels: int = MAX_CHANNELS
    sample_rate: int = MAX_SAMPLE_RATE
    whole_bytes: int = 4 << 30
    spool_bytes: int = 2 << 30
    wait_seconds: float = 600.0
    stall_seconds: float = 20.0
    memory_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (isfinite(value) and value > 0):
                raise OptionError(f"a limit of {value} for {name}: give a positive number")
        if self.channels > MAX_CHANNELS or not MIN_SAMPLE_RATE <= self.sample_rate <= MAX_SAMPLE_RATE:
            raise OptionError(
                f"limits of {self.channels} channels and {self.sample_rate} Hz: Auricle takes up to {MAX_CHANNELS} "
                f"channels and {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
            )


TRUSTED_LIMITS = AudioLimits()
"""For sounds of one's own: a week, and no more than a file of silence decodes to."""
UNTRUSTED_LIMITS = AudioLimits(
    seconds=12 * 3600.0, ratio=5_000.0, whole_bytes=1 << 30, spool_bytes=1 << 29, memory_bytes=1 << 29
)
"""For sounds of strangers: half a day."""


def check_shape(info: AudioInfo, limits: AudioLimits) -> None:
    """Refuse a sound whose shape Auricle can't work with, or may not.

    Raises:
        AudioError: no channel, too many channels, or a sample rate outside the range.
    """
    if not 1 <= info.channels <= limits.channels:
        raise AudioError(
            f"{info.path} has {info.channels} channels: Auricle takes 1 to {limits.channels}, split it first"
        )
    if not MIN_SAMPLE_RATE <= info.sample_rate <= limits.sample_rate:
        raise AudioError(
            f"{info.path} has a sample rate of {info.sample_rate} Hz: Auricle takes {MIN_SAMPLE_RATE} to "
            f"{limits.sample_rate} Hz, resample it first"
        )


def check_length(info: AudioInfo, frames: int, limits: AudioLimits, file_bytes: int | None) -> None:
    """Refuse ``frames`` samples per channel that a header promises or that were decoded.

    Args:
        info: the sound.
        frames: samples per channel.
        limits: what is allowed.
        file_bytes: size of the file; None where it is not known, as of a pipe.

    Raises:
        AudioError: they are more than the limits on seconds or ratio allow.
    """
    if frames > limits.seconds * info.sample_rate:
        raise AudioError(
            f"{info.path} is longer than {limits.seconds:g} s, the limit: cut it, or raise the limit on seconds"
        )
    decoded = frames * info.channels * _SAMPLE_BYTES
    if file_bytes is not None and decoded > max(_FREE_BYTES, limits.ratio * file_bytes):
        raise AudioError(
            f"{info.path} has {file_bytes} bytes and decodes to more than {limits.ratio:g} times as many, the limit: "
            "if it is no trap, raise the limit on the ratio"
        )


def check_whole(info: AudioInfo, frames: int, limits: AudioLimits) -> None:
    """Refuse to hold so many samples in memory.

    Raises:
        AudioError: they take more than ``limits.whole_bytes``.
    """
    if frames * info.channels * _SAMPLE_BYTES > limits.whole_bytes:
        raise AudioError(
            f"{info.path} takes more than {limits.whole_bytes >> 20} MiB of memory when it is read whole: read it in "
            "blocks with AudioReader, or raise the limit on whole_bytes"
        )
