"""What happens in the sound card's callback."""

from typing import final

import numpy as np

from auricle.live.ring import SampleRing

_CAPACITY_SECONDS = 3.0


@final
class LiveBridge:
    """Hands samples over between a callback and a worker. It never waits, locks, or allocates samples.

    Args:
        channels: of both sides.
        sample_rate: in Hz.
        delay: samples of silence that come out first: the time that the worker has.

    Attributes:
        incoming: what the worker takes.
        outgoing: what it gives.
        drop_outs: callbacks that found too little to play.
        lost_blocks: callbacks whose sound found no room, because the worker was seconds late.
    """

    def __init__(self, channels: int, sample_rate: int, delay: int):
        capacity = delay + round(_CAPACITY_SECONDS * sample_rate)
        self.incoming, self.outgoing = SampleRing(channels, capacity), SampleRing(channels, capacity)
        self.outgoing.write(np.zeros((delay, channels), np.float32))
        self.drop_outs = self.lost_blocks = 0
        self._late = 0

    def take(self, block: np.ndarray) -> None:
        """Take what was recorded, ``(t, c)``."""
        if self.incoming.write(block) < len(block):
            self.lost_blocks += 1

    def fill(self, block: np.ndarray) -> None:
        """Fill what is to be played, ``(t, c)``; what is missing is silent, and left out when it comes too late."""
        if self._late:
            self._late -= self.outgoing.skip(min(self._late, max(0, self.outgoing.available - len(block))))
        count = self.outgoing.read_into(block)
        if count < len(block):
            block[count:] = 0.0
            self._late += len(block) - count
            self.drop_outs += 1
