"""A second look: what a whole stretch is taken for, where windows say that something may be in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np

from auricle.classify.detection.matching import shared_of_shorter
from auricle.classify.probes.linear import LogisticProbe
from auricle.classify.probes.probe import FittedProbe
from auricle.classify.probes.training_set import TrainingSet
from auricle.data.events import SoundEvent
from auricle.errors import DataError

VERIFIER = "verifier."
"""Beginning of the names of its arrays."""
VERIFIER_LAYOUT: Mapping[str, tuple[str, str]] = {
    f"{VERIFIER}mean": ("F32", "s"),
    f"{VERIFIER}scale": ("F32", "s"),
    f"{VERIFIER}weights": ("F32", "s c"),
    f"{VERIFIER}bias": ("F32", "c"),
}
_STRENGTH = 4000.0
"""Inverse weight of the penalty beside the mean error of a stretch, for features whose squares add up to about 1."""
_DIRECTIONS = 400
_SHRINKAGE = 30.0
_SCALED_ON = 1200
"""Stretches that directions are found from, where there are so many."""
_SAME = 0.5
"""Of the shorter of two stretches: so much in common, and they are about the same moment."""


@final
@dataclass(frozen=True)
class Verifier:
    """Tells classes and nothing apart by features of whole stretches."""

    fitted: FittedProbe

    @classmethod
    def fit(cls, values: np.ndarray, labels: Sequence[str], classes: Sequence[str], seed: int) -> Self:
        """Learn from stretches.

        Args:
            values: their features ``(n, s)``.
            labels: of each.
            classes: all there are; of one without a stretch nothing is known.
            seed: decides which of many stretches directions are found from.

        Raises:
            DataError: all are of one class.
        """
        names, numbers = np.unique(np.asarray(labels), return_inverse=True)
        if len(names) < 2:
            raise DataError(f"all that was heard is {names[0]}: give recordings in which nothing is heard too")
        rows = np.random.Generator(np.random.PCG64(seed)).permutation(len(values))[:_SCALED_ON]
        training_set = TrainingSet(values, numbers, _DIRECTIONS, np.sort(rows), _SHRINKAGE)
        learned = LogisticProbe().learn(training_set, len(names), _STRENGTH / len(values), seed)
        columns = [classes.index(str(name)) for name in names]
        weights = np.zeros((values.shape[1], len(classes)), np.float32)
        bias = np.full(len(classes), -1e3, np.float32)
        weights[:, columns], bias[columns] = learned["weights"], learned["bias"]
        return cls._of(tuple(classes), {**learned, "weights": weights, "bias": bias})

    @classmethod
    def _of(cls, classes: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self:
        return cls(LogisticProbe().restore(classes, {**arrays, "temperature": np.ones(1, np.float32)}))

    @classmethod
    def restore(cls, classes: tuple[str, ...], arrays: Mapping[str, np.ndarray]) -> Self | None:
        """The verifier in a classifier's arrays; None where there is none."""
        own = {name.removeprefix(VERIFIER): value for name, value in arrays.items() if name.startswith(VERIFIER)}
        return cls._of(classes, own) if own else None

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """All that it knows, by name."""
        return {name: self.fitted.arrays[name.removeprefix(VERIFIER)] for name in VERIFIER_LAYOUT}

    def rescored(self, candidates: Sequence[SoundEvent], values: np.ndarray) -> tuple[SoundEvent, ...]:
        """Candidates with new scores, the geometric mean of what windows and the whole stretch say; of two about the
        same moment only the surer one stays.

        Args:
            candidates: of one recording.
            values: features ``(n, s)`` of their stretches.
        """
        if not candidates:
            return ()
        rows = self.fitted.probabilities(values)
        columns = [self.fitted.classes.index(event.label) for event in candidates]
        sure = rows[np.arange(len(rows)), columns]
        scored = [
            replace(event, score=float(np.sqrt(max(0.0, (event.score or 0.0) * share))))
            for event, share in zip(candidates, sure, strict=True)
        ]
        return suppress_overlaps(scored)


def suppress_overlaps(events: Sequence[SoundEvent]) -> tuple[SoundEvent, ...]:
    """Events without those that share half of the shorter with a surer one, in the order of time (non-maximum
    suppression)."""
    surer: list[SoundEvent] = []
    for event in sorted(events, key=lambda event: -(event.score or 0.0)):
        if all(shared_of_shorter(event, other) < _SAME for other in surer):
            surer.append(event)
    return tuple(sorted(surer, key=lambda event: (event.begin, event.end, event.label)))
