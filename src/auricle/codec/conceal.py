"""What is heard where packets are lost: the sound holds, fades out, and fades in again; nothing clicks.

The decoder goes on with the last latent frame that it has. A gain over the output falls to zero within `FALL_SECONDS`
of the loss, so that a short loss is only dimmed, and rises again within `RISE_SECONDS` when frames return.
"""

from typing import final

import numpy as np

FALL_SECONDS = 0.25
RISE_SECONDS = 0.06


@final
class Fader:
    """The gain over a stream of samples, from the spans that are lost.

    Args:
        sample_rate: of the samples, in Hz.
    """

    def __init__(self, sample_rate: int):
        self._fall, self._rise = (max(1.0, seconds * sample_rate) for seconds in (FALL_SECONDS, RISE_SECONDS))
        self._spans: list[tuple[int, int]] = []

    def lose(self, begin: int, end: int) -> None:
        """Note that samples ``begin`` to ``end`` are not real; spans come in order, ones that touch become one."""
        if self._spans and self._spans[-1][1] >= begin:
            begin = self._spans.pop()[0]
        self._spans.append((begin, end))

    def gain(self, begin: int, length: int) -> np.ndarray | None:
        """Gain float32 ``(length,)`` over samples from ``begin`` on, or None where it is 1; blocks come in order."""
        self._spans = [span for span in self._spans if span[1] + self._rise > begin]
        if not self._spans or self._spans[0][0] >= begin + length:
            return None
        t = np.arange(begin, begin + length, dtype=np.float64)
        level = np.ones(length)
        for first, last in self._spans:
            falling = np.clip(1 - (t - first) / self._fall, 0, 1)
            lowest = max(0.0, 1 - (last - first) / self._fall)
            rising = np.clip(lowest + (t - last) / self._rise, 0, 1)
            level = np.minimum(level, np.where(t < last, falling, rising))
        return (np.sin(level * np.pi / 2) ** 2).astype(np.float32)
