"""Run codecs over clips."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.bench.codecs.base import Codec, DecodedSound
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.metrics import QUICK, Scores, score_sound
from auricle.errors import AuricleError

CodecAtSetting = Callable[[np.ndarray, int], DecodedSound]
"""Takes audio float32 ``(c, t)`` and its sample rate in Hz through a codec at one setting."""


@final
@dataclass(frozen=True)
class ClipResult:
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
class Scorer:
    """How clips are scored: at which sample rate in Hz, whether as speech, and by which metrics."""

    sample_rate: int
    speech: bool
    metrics: tuple[str, ...] = QUICK

    def score(self, clip: Clip, codec: CodecAtSetting) -> ClipResult:
        """One clip; a sound that the codec refuses is a result with its problem, not an error."""
        decoded = run_codec(clip, codec)
        return decoded if isinstance(decoded, ClipResult) else self.score_decoded(clip, decoded)

    def score_decoded(self, clip: Clip, decoded: DecodedSound) -> ClipResult:
        """Score what came back."""
        started = time.perf_counter()
        scores = score_sound(
            clip.audio,
            decoded.audio,
            clip.sample_rate,
            scoring_rate=self.sample_rate,
            speech=self.speech,
            metrics=self.metrics,
        )
        return ClipResult(
            clip.name,
            clip.seconds,
            decoded.bytes or None,
            scores,
            payload=decoded.payload,
            metric_seconds=time.perf_counter() - started,
        )


def run_codec(clip: Clip, codec: CodecAtSetting) -> DecodedSound | ClipResult:
    """What came back, or the result that nothing did."""
    try:
        return codec(clip.audio, clip.sample_rate)
    except AuricleError as error:
        return ClipResult(clip.name, clip.seconds, None, None, str(error))
    except Exception as error:  # other people's libraries raise what they like; it belongs in the table
        return ClipResult(
            clip.name, clip.seconds, None, None, f"{type(error).__name__}: {' '.join(str(error).split())}"
        )


def at_setting(codec: Codec, setting: float) -> CodecAtSetting:
    """A codec at one of its settings."""
    return lambda audio, sample_rate: codec.roundtrip(audio, sample_rate, setting)
