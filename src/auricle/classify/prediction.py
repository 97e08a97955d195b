"""What a classifier says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from auricle.data.scan import Rejected


@final
@dataclass(frozen=True)
class Guess:
    """A class and its calibrated probability."""

    label: str
    probability: float


@final
@dataclass(frozen=True)
class Prediction:
    """What one sound is taken for: the most probable classes, best first."""

    name: str
    guesses: tuple[Guess, ...]


@final
@dataclass(frozen=True)
class Predictions:
    """What several sounds are taken for, the files that could not be read, and the names of silent sounds."""

    sounds: tuple[Prediction, ...]
    rejected: tuple[Rejected, ...]
    silent: tuple[str, ...] = ()


@final
@dataclass(frozen=True)
class Span:
    """A stretch of a sound in which one class is heard; seconds from its start."""

    start: float
    end: float
    guess: Guess


def join_windows(windows: Sequence[tuple[float, Guess]], length: float, end: float) -> tuple[Span, ...]:
    """Spans of a sound from what each of its windows is taken for.

    Neighbours of one class become one span, with the mean of their probabilities. Windows overlap by half: each
    speaks for the time from the middle between its centre and that of the one before to that of the next.

    Args:
        windows: start and guess of each, in order; at least one.
        length: of a window, in seconds.
        end: of the sound, in seconds.
    """
    spans: list[Span] = []
    first, start, chances = 0, 0.0, []
    for number, (_, guess) in enumerate(windows):
        chances.append(guess.probability)
        following = windows[number + 1] if number + 1 < len(windows) else None
        if following is not None and following[1].label == guess.label:
            continue
        stop = end if following is None else min(end, (windows[number][0] + following[0] + length) / 2)
        spans.append(Span(start, stop, Guess(guess.label, sum(chances[first:]) / (len(chances) - first))))
        first, start = len(chances), stop
    return tuple(spans)
