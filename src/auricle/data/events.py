"""Events: what is heard in a long recording, from when to when."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self, final

from auricle.data.scan import Sound


@final
@dataclass(frozen=True, slots=True)
class SoundEvent:
    """A stretch of a recording in which one class is heard.

    Attributes:
        begin: seconds from the start of the recording.
        end: seconds from the start of the recording.
        label: the class.
        score: between 0 and 1; None where a person has marked it.
        novelty: how unlike all that was learned from, 1 where a hundredth of that is less alike; None where unknown.
    """

    begin: float
    end: float
    label: str
    score: float | None = None
    novelty: float | None = None

    @property
    def seconds(self) -> float:
        return self.end - self.begin

    def overlap(self, other: Self) -> float:
        """Length of the common stretch divided by that of both together (intersection over union)."""
        common = max(0.0, min(self.end, other.end) - max(self.begin, other.begin))
        return common / max(1e-9, self.seconds + other.seconds - common)

    def clipped(self, seconds: float) -> Self:
        """The part of it that lies in a recording of this length."""
        return replace(self, begin=min(self.begin, seconds), end=min(self.end, seconds))


@final
@dataclass(frozen=True, slots=True)
class Recording:
    """A recording and the events in it, in order.

    Attributes:
        sound: the file.
        events: ordered by their begin.
        started: when the recorder was started, if its file tells; without a time zone where that is not told.
        damage: up to which second it could be read, and why no further; None where all of it was.
    """

    sound: Sound
    events: tuple[SoundEvent, ...]
    started: datetime | None = None
    damage: str | None = None
