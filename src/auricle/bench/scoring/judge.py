"""Run codecs over clips."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.bench.codecs.base import Decoded, Peer
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.metrics import QUICK, Scores, score
from auricle.errors import AuricleError

Coder = Callable[[np.ndarray, int], Decoded]
"""Takes audio float32 ``(c, t)`` and its sample rate in Hz through a codec at one setting."""


@final
@dataclass(frozen=True)
class Verdict:
    """One codec at one setting on one clip.

    Attributes:
        clip: the clip's name.
        seconds: its length.
        bytes: what it was stored in, None for what has no files.
        scores: how it came back, None if it did not.
        problem: why it did not come back, else empty.
        payload: bytes that are coded sound, None where there is no file format.
        metric_seconds: what the scores took.
    """

    clip: str
    seconds: float
    bytes: int | None
    scores: Scores | None
    problem: str = ""
    payload: int | None = None
    metric_seconds: float = 0.0

    @property
    def kbps(self) -> float | None:
        """Kilobits per second of what was stored."""
        return None if self.bytes is None else self.bytes * 8 / self.seconds / 1000


@final
@dataclass(frozen=True)
class Yardstick:
    """How clips are judged: at which rate in Hz, whether as speech, and by which metrics."""

    rate: int
    speech: bool
    metrics: tuple[str, ...] = QUICK

    def judge(self, clip: Clip, coder: Coder) -> Verdict:
        """One clip; a sound that the codec refuses is a verdict with its problem, not an error."""
        decoded = coded(clip, coder)
        return decoded if isinstance(decoded, Verdict) else self.compare(clip, decoded)

    def compare(self, clip: Clip, decoded: Decoded) -> Verdict:
        """Score what came back."""
        started = time.perf_counter()
        scores = score(
            clip.audio,
            decoded.audio,
            clip.sample_rate,
            judged_rate=self.rate,
            speech=self.speech,
            metrics=self.metrics,
        )
        return Verdict(
            clip.name,
            clip.seconds,
            decoded.bytes or None,
            scores,
            payload=decoded.payload,
            metric_seconds=time.perf_counter() - started,
        )


def coded(clip: Clip, coder: Coder) -> Decoded | Verdict:
    """What came back, or the verdict that nothing did."""
    try:
        return coder(clip.audio, clip.sample_rate)
    except AuricleError as error:
        return Verdict(clip.name, clip.seconds, None, None, str(error))
    except Exception as error:  # other people's libraries raise what they like; it belongs in the table
        return Verdict(clip.name, clip.seconds, None, None, f"{type(error).__name__}: {' '.join(str(error).split())}")


def at(peer: Peer, setting: float) -> Coder:
    """A peer at one of its settings."""
    return lambda audio, sample_rate: peer.code(audio, sample_rate, setting)
