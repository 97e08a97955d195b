"""Where live sound comes from, hop by hop."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
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
        self._path, self._engine, self._channels, self._loop = path, engine, channels, loop
        self._hop, self.samples = engine.hop, 0
        with AudioReader(path) as reader:
            if reader.channels > 2:
                raise AudioError(f"{path} has {reader.channels} channels: a model plays 1 or 2 live")
            if reader.info.exact and not reader.frames:
                raise AudioError(f"{path} holds no samples: name another sound")
        self._blocks = self._read()
        self._waiting = np.zeros((channels, 0), np.float32)

    def next_hop(self) -> np.ndarray | None:
        while self._waiting.shape[1] < self._hop and not self.ended:
            block = next(self._blocks, None)
            if block is None:
                self.ended = True
            else:
                self._waiting = np.concatenate((self._waiting, block), axis=1)
        if not self._waiting.shape[1]:
            return None
        hop, self._waiting = self._waiting[:, : self._hop], self._waiting[:, self._hop :]
        return np.ascontiguousarray(np.pad(hop, ((0, 0), (0, self._hop - hop.shape[1]))))

    def _read(self) -> Iterator[np.ndarray]:
        while True:
            with AudioReader(self._path) as reader:
                resampler = Resampler(reader.sample_rate, self._engine.sample_rate, self._channels)
                for block in reader.blocks(max(1, round(_BLOCK_SECONDS * reader.sample_rate))):
                    yield self._counted(resampler.push(self._as_asked(block)))
                yield self._counted(resampler.flush())
            if not self._loop:
                yield np.zeros((self._channels, self._engine.lag), np.float32)
                return

    def _counted(self, block: np.ndarray) -> np.ndarray:
        self.samples += block.shape[1]
        return block

    def _as_asked(self, block: np.ndarray) -> np.ndarray:
        if len(block) == self._channels:
            return block
        mixed = block.mean(0, keepdims=True)
        return np.repeat(mixed, self._channels, axis=0)
