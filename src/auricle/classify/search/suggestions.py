"""What a folder of sounds suggests: what to label next, and what looks wrong."""

from dataclasses import dataclass
from typing import final

from auricle.data.scan import Rejected


@final
@dataclass(frozen=True)
class Suggestion:
    """A sound to label, or a stretch of a long one.

    Attributes:
        name: of the file, relative to the folder.
        guess: the most probable class; None where no classifier is at hand.
        probability: of the guess.
        begin: second at which the stretch begins that is meant; None for a whole sound.
        end: second at which it ends.
    """

    name: str
    guess: str | None
    probability: float | None
    begin: float | None = None
    end: float | None = None


@final
@dataclass(frozen=True)
class Outlier:
    """A sound unlike all others: its distance to its fifth neighbour, in robust deviations above the median."""

    name: str
    deviations: float


@final
@dataclass(frozen=True)
class DoubtfulLabel:
    """A sound whose five nearest labelled neighbours all have one other label."""

    name: str
    label: str
    neighbours: str


@final
@dataclass(frozen=True)
class Suggestions:
    """What `suggest` found in a folder.

    Attributes:
        sounds: what to label next, the most useful first.
        method: ``typical`` (the middle of clusters without a label), ``uncertain`` (what a classifier doubts, and
            unlike each other) or ``none`` where every sound has a label.
        outliers: sounds unlike all others, at most 50.
        duplicates: groups of sounds nearly alike, by name.
        doubtful: labels to check, at most 50.
        files: sounds, or stretches of long ones, that were compared.
        labelled: those that have a label.
        rejected: files that can't be used, and why.
        model: name of the autoencoder.
    """

    sounds: tuple[Suggestion, ...]
    method: str
    outliers: tuple[Outlier, ...]
    duplicates: tuple[tuple[str, ...], ...]
    doubtful: tuple[DoubtfulLabel, ...]
    files: int
    labelled: int
    rejected: tuple[Rejected, ...]
    model: str
