"""Run codecs over clips."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.bench.clips import Clip
from auricle.bench.peer import Decoded, Peer
from auricle.bench.scores import Scores, score
from auricle.errors import AudioError, ModelError

_MATCHED_SECONDS = 30.0

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
    """

    clip: str
    seconds: float
    bytes: int | None
    scores: Scores | None
    problem: str = ""

    @property
    def kbps(self) -> float | None:
        """Kilobits per second of what was stored."""
        return None if self.bytes is None else self.bytes * 8 / self.seconds / 1000


@final
@dataclass(frozen=True)
class Yardstick:
    """How clips are judged: at which rate in Hz, and whether as speech."""

    rate: int
    speech: bool

    def judge(self, clip: Clip, coder: Coder) -> Verdict:
        """One clip; a sound that the codec refuses is a verdict with its problem, not an error."""
        try:
            decoded = coder(clip.audio, clip.sample_rate)
        except (AudioError, ModelError) as error:
            return Verdict(clip.name, clip.seconds, None, None, str(error))
        scores = score(clip.audio, decoded.audio, clip.sample_rate, judged_rate=self.rate, speech=self.speech)
        return Verdict(clip.name, clip.seconds, decoded.bytes or None, scores)


def at(peer: Peer, kbps: float) -> Coder:
    """A peer at one of its settings."""
    return lambda audio, sample_rate: peer.code(audio, sample_rate, kbps)


def real_kbps(sized: Iterable[tuple[int | None, float]]) -> float | None:
    """Kilobits per second of stored ``(bytes, seconds)`` together; None where nothing was stored."""
    known = [(size, seconds) for size, seconds in sized if size is not None]
    return sum(size for size, _ in known) * 8 / sum(s for _, s in known) / 1000 if known else None


def matched(peer: Peer, kbps: float, clips: Sequence[Clip]) -> float:
    """The setting at which a peer's real files come nearest to a bitrate: one correction, on half a minute of clips."""
    clips = _beginning(clips)
    first = peer.nearest(kbps)
    real = _measured(peer, first, clips)
    if real is None or abs(real - kbps) < 0.03 * kbps:
        return first
    second = peer.nearest(first * kbps / real)
    again = None if second == first else _measured(peer, second, clips)
    return second if again is not None and abs(again - kbps) < abs(real - kbps) else first


def _beginning(clips: Sequence[Clip]) -> Sequence[Clip]:
    lengths = np.cumsum([clip.seconds for clip in clips])
    return clips[: int(np.searchsorted(lengths, _MATCHED_SECONDS)) + 1]


def _measured(peer: Peer, kbps: float, clips: Sequence[Clip]) -> float | None:
    sized = []
    for clip in clips:
        try:
            sized.append((peer.code(clip.audio, clip.sample_rate, kbps).bytes, clip.seconds))
        except AudioError:
            continue
    return real_kbps(sized)
