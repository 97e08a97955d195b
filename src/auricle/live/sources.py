"""Where live sound comes from, hop by hop."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import AudioReader, Resampler
from auricle.errors import AudioError
from auricle.live.engine import LiveEngine
from auricle.live.ring import SampleRing

_BLOCK_SECONDS = 0.5


class LiveSource(ABC):
    """Sound at the model's rate.

    Attributes:
        ended: whether nothing more comes.
    """

    ended: bool = False

    @abstractmethod
    def next_hop(self) -> np.ndarray | None:
        """The next ``(c, hop)``; None where it has not come yet, or has ended."""

    def close(self) -> None:  # noqa: B027 (most hold nothing)
        """Let go of what is open."""


@final
class RecordedSource(LiveSource):
    """What a callback puts into a ring."""

    def __init__(self, ring: SampleRing, channels: int, hop: int):
        self._ring, self._hop = ring, hop
        self._memory = np.zeros((hop, channels), np.float32)

    def next_hop(self) -> np.ndarray | None:
        if self._ring.available < self._hop:
            return None
        self._ring.read_into(self._memory)
        return np.ascontiguousarray(self._memory.T)


@final
class FileSource(LiveSource):
    """A file of any rate and up to two channels, once or again and again.

    Args:
        path: of the file.
        engine: for whose rate and hop; after the end comes as much silence as it lags.
        channels: 1 or 2.
        loop: begin again at the end.

    Attributes:
        samples: of the file that were handed over, at the model's rate.

    Raises:
        AudioError: it can't be read, is empty, or has more than two channels.
    """

    def __init__(self, path: Path, engine: LiveEngine, channels: int, *, loop: bool = False):
        self._hop, self._lag, self.samples = engine.hop, engine.lag, 0
        with AudioReader(path) as reader:
            if reader.channels > 2:
                raise AudioError(
                    f"{path} has {reader.channels} channels, and live sound at most 2: mix it down first, as "
                    f"`ffmpeg -i {path.name} -ac 2 stereo.wav` does"
                )
            if reader.info.exact and not reader.frames:
                raise AudioError(f"{path} holds no samples: name another sound")
        self._blocks = _blocks(path, engine.sample_rate, channels, loop=loop)
        self._waiting, self._exhausted = np.zeros((channels, 0), np.float32), False

    def next_hop(self) -> np.ndarray | None:
        while self._waiting.shape[1] < self._hop and not self._exhausted:
            block = next(self._blocks, None)
            if block is None:
                self._exhausted, block = True, np.zeros((len(self._waiting), self._lag), np.float32)
            else:
                self.samples += block.shape[1]
            self._waiting = np.concatenate((self._waiting, block), axis=1)
        if not self._waiting.shape[1]:
            self.ended = True
            return None
        hop, self._waiting = self._waiting[:, : self._hop], self._waiting[:, self._hop :]
        self.ended = self._exhausted and not self._waiting.shape[1]
        return np.ascontiguousarray(np.pad(hop, ((0, 0), (0, self._hop - hop.shape[1]))))

    def close(self) -> None:
        self._blocks.close()


def _blocks(path: Path, sample_rate: int, channels: int, *, loop: bool) -> Generator[np.ndarray]:
    """All of a file as float32 ``(c, t)``, once or again and again."""
    while True:
        with AudioReader(path) as reader:
            resampler = Resampler(reader.sample_rate, sample_rate, channels)
            for block in reader.blocks(max(1, round(_BLOCK_SECONDS * reader.sample_rate))):
                yield resampler.push(_of_channels(block, channels))
            yield resampler.flush()
        if not loop:
            return


def _of_channels(block: np.ndarray, channels: int) -> np.ndarray:
    if len(block) == channels:
        return block
    return np.repeat(block.mean(0, keepdims=True), channels, axis=0)
