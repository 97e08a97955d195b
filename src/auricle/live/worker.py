"""The thread that computes, so that the callback need not."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from types import TracebackType
from typing import final

import numpy as np

from auricle.live.controls import Controls
from auricle.live.engine import LiveEngine
from auricle.live.ring import SampleRing
from auricle.live.sources import LiveSource

_SMOOTHING = 0.05
_NAPS_PER_HOP = 10


@final
class LiveWorker(AbstractContextManager["LiveWorker"]):
    """Plays hop after hop from a source into a ring: as a thread inside ``with``, or by calling `step`.

    Args:
        engine: what plays.
        source: the sound.
        second: what is mixed into it; where it ends there is silence.
        outgoing: takes what is played.
        controls: how.
        ahead: samples that wait to be played, up to which more are made.
        clock: tells seconds.

    Attributes:
        hops: how many were played.
        load: share of the time that it computes, lately.
        busiest: share of a hop that the slowest one took.
        seconds: that all took.
        peaks: the largest samples that came in and went out since `take_peaks`.
        loudest: the largest of all.
        error: what ended the thread, if anything did.
    """

    def __init__(
        self,
        engine: LiveEngine,
        source: LiveSource,
        second: LiveSource | None,
        outgoing: SampleRing,
        controls: Controls,
        ahead: int,
        clock: Callable[[], float] = time.perf_counter,
    ):
        self._engine, self._source, self._second, self._outgoing = engine, source, second, outgoing
        self._clock = clock
        self._controls, self._ahead, self._hop_seconds = controls, ahead, engine.hop / engine.sample_rate
        self._stop, self._thread = Event(), Thread(target=self._run, name="auricle-live", daemon=True)
        self.hops, self.load, self.busiest, self.seconds = 0, 0.0, 0.0, 0.0
        self.peaks = self.loudest = (0.0, 0.0)
        self.error: Exception | None = None

    def step(self) -> float | None:
        """Play a hop if there is one, and room for it; return the seconds that it took."""
        if self._outgoing.available > self._ahead or self._outgoing.free < self._engine.hop:
            return None
        block = self._source.next_hop()
        if block is None:
            return None
        started = self._clock()
        second = None if self._second is None else self._second.next_hop()
        if self._second is not None and second is None:
            second = np.zeros_like(block)
        result = self._engine.play(block, second, self._controls.settings)
        self._outgoing.write(result.T)
        took = self._clock() - started
        self._measure(took, block, result)
        return took

    def take_peaks(self) -> tuple[float, float]:
        """The largest samples in and out since the last call."""
        peaks, self.peaks = self.peaks, (0.0, 0.0)
        return peaks

    def _measure(self, took: float, block: np.ndarray, result: np.ndarray) -> None:
        share = took / self._hop_seconds
        self.hops, self.seconds = self.hops + 1, self.seconds + took
        self.load += (share - self.load) * max(_SMOOTHING, 1 / self.hops)
        self.busiest = max(self.busiest, share)
        peaks = float(np.abs(block).max()), float(np.abs(result).max())
        self.peaks = max(self.peaks[0], peaks[0]), max(self.peaks[1], peaks[1])
        self.loudest = max(self.loudest[0], peaks[0]), max(self.loudest[1], peaks[1])

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                if self.step() is None:
                    time.sleep(self._hop_seconds / _NAPS_PER_HOP)
        except Exception as error:  # told by whoever waits for the end
            self.error = error

    def __enter__(self) -> "LiveWorker":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
