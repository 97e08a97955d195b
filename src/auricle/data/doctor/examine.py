"""One file looked at from its first sample to its last."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from auricle.audio import AudioReader
from auricle.data.doctor.audio_fingerprint import RATE, SKETCH_SIZE, Fingerprint
from auricle.data.doctor.levels import LevelMeter, Levels
from auricle.data.scan import MIN_SECONDS, Rejected, examine_header
from auricle.errors import AudioError

_BLOCK = 1 << 16


@final
class FileReport(NamedTuple):
    """What a usable file holds, and where some of it may be missing.

    ``digest`` is 0 and ``sketch`` empty where only the header was read.
    """

    sample_rate: int
    channels: int
    seconds: float
    levels: Levels | None = None
    digest: int = 0
    sketch: np.ndarray = np.zeros(0, np.uint32)
    warnings: tuple[str, ...] = ()


def examine(path: Path, name: str, *, quick: bool) -> FileReport | Rejected:
    """Read a file, or with ``quick`` its header only."""
    header = examine_header(path, name, MIN_SECONDS)
    match header:
        case Rejected():
            return header
        case _ if quick:
            return FileReport(header.sample_rate, header.channels, header.seconds)
        case _:
            return _decode(path)


def _decode(path: Path) -> FileReport | Rejected:
    try:
        with AudioReader(path) as reader:
            meter, fingerprint = LevelMeter(reader.sample_rate, reader.channels), Fingerprint(reader.sample_rate)
            for block in reader.blocks(_BLOCK):
                meter.push(block)
                fingerprint.push(block.mean(axis=0, dtype=np.float32))
            levels = meter.finish()
            rate, channels, warnings = reader.sample_rate, reader.channels, reader.warnings
    except AudioError as error:
        return Rejected(path, str(error))
    except OSError as error:  # it vanished, or its disk failed, while it was read
        return Rejected(path, f"can't read {path}: {error.strerror or error}")
    if levels.frames == 0:
        return Rejected(path, f"{path} holds no samples: replace it")
    return FileReport(rate, channels, levels.frames / rate, levels, *fingerprint.finish(), warnings)


@final
class LevelTable:
    """The findings of a corpus in columns: 165 bytes a file.

    Args:
        count: how many files there are.
    """

    def __init__(self, count: int, *, sketches: bool = True) -> None:
        self.rate = np.zeros(count, np.uint32)
        self.channels = np.zeros(count, np.uint8)
        self.seconds = np.zeros(count)
        self.level = np.full(count, -math.inf, np.float32)
        self.clipped = np.zeros(count, np.float32)
        self.silent = np.zeros(count, np.float32)
        self.offset = np.zeros(count, np.float32)
        self.digest = np.zeros(count, np.uint64)
        self.sketch = np.zeros((count if sketches else 0, SKETCH_SIZE), np.uint32)

    def put(self, index: int, report: FileReport) -> None:
        """Enter a usable file."""
        self.rate[index], self.channels[index] = report.sample_rate, report.channels
        self.seconds[index] = report.seconds
        if report.levels is not None:
            levels = report.levels
            self.level[index], self.clipped[index] = levels.level, levels.clipped
            self.silent[index], self.offset[index] = levels.silent, levels.offset
            self.digest[index] = report.digest
            self.sketch[index, : len(report.sketch)] = report.sketch

    @property
    def usable(self) -> np.ndarray:
        """Which files can be used: bool ``(files,)``."""
        return self.rate > 0

    @property
    def sounding(self) -> np.ndarray:
        """Which files can be used and are not silent throughout: bool ``(files,)``."""
        return np.isfinite(self.level)


def first_seconds(path: Path, seconds: float) -> np.ndarray:
    """The first seconds of a file as its channels' mean at 8 kHz: float32 ``(t,)``; empty if it can't be read."""
    try:
        with AudioReader(path) as reader:
            return _mono(reader, seconds)
    except (AudioError, OSError):
        return np.zeros(0, np.float32)


def _mono(reader: AudioReader, seconds: float) -> np.ndarray:
    from auricle.audio import resample

    def blocks() -> Iterator[np.ndarray]:
        remaining = math.ceil(seconds * reader.sample_rate)
        for block in reader.blocks(_BLOCK):
            yield block[:, :remaining].mean(axis=0, dtype=np.float32)
            remaining -= block.shape[1]
            if remaining <= 0:
                return

    parts = list(blocks())
    sound = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return resample(sound[None], reader.sample_rate, RATE)[0]
