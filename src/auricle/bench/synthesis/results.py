"""What an evaluation of generated sounds found, as values that can be written to JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, final

from pydantic import TypeAdapter

FORMAT = 1
GENERATED, FLOOR, CEILING = "generated", "real (floor)", "autoencoder (ceiling)"
HELD_OUT, REBUILT, COPIES = (
    "real, held out",
    "real, held out, through the autoencoder",
    "copies through the autoencoder",
)


@final
@dataclass(frozen=True)
class Figure:
    """A figure, and the bounds between which it lies with a probability of 95 %; None where they are unknown."""

    value: float
    low: float | None = None
    high: float | None = None

    def text(self, digits: int) -> str:
        """Such as ``2.14 (2.01-2.27)``."""
        if self.low is None or self.high is None:
            return f"{self.value:.{digits}f}"
        return f"{self.value:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


@final
@dataclass(frozen=True)
class Comparison:
    """A set beside the reference, which is held-out real sounds.

    Attributes:
        set: ``generated``, ``real (floor)`` or ``autoencoder (ceiling)``.
        sounds: of the set, drawn so that its mix of classes is the reference's.
        reference: sounds of the reference.
        kad: kernel audio distance.
        fad: Fréchet audio distance with these sounds; biased upwards.
        fad_infinity: extrapolated to endless sounds of the set; None for fewer than 50.
        precision: see `auricle.metrics.Manifold`; the next three too.
        recall: of real sounds.
        density: of generated ones.
        coverage: of real ones.
        diversity: mean distance of two sounds of the set.
    """

    set: str
    sounds: int
    reference: int
    kad: Figure
    fad: float
    fad_infinity: Figure | None
    precision: Figure
    recall: Figure
    density: Figure
    coverage: Figure
    diversity: Figure


@final
@dataclass(frozen=True)
class ClassAccuracy:
    """What a classifier says that was trained on real sounds.

    Attributes:
        set: which sounds.
        sounds: how many.
        accuracy: share that is given its own class, 0 to 1, averaged over classes so that all weigh alike.
        inception: inception score, 1 to the number of classes.
        classes: share of each class that is recognised.
    """

    set: str
    sounds: int
    accuracy: Figure
    inception: Figure
    classes: Mapping[str, float]


@final
@dataclass(frozen=True)
class Nearness:
    """How near a set lies to the training sounds.

    Attributes:
        set: which sounds.
        sounds: how many.
        median: of the distances to the nearest training sound.
        nearer: probability that one of them is nearer than a held-out real one is, 0.5 for alike.
        suspects: share that lies nearer than 99 % of held-out real sounds do.
    """

    set: str
    sounds: int
    median: float
    nearer: Figure
    suspects: float


@final
@dataclass(frozen=True)
class NearestPair:
    """A generated sound and the training sound that is nearest to it.

    ``correlation`` is the highest of their waveforms at any shift, 0 to 1; ``suspect`` tells whether the distance is
    below what 99 % of held-out real sounds have.
    """

    generated: str
    training: str
    distance: float
    correlation: float
    suspect: bool


@final
@dataclass(frozen=True)
class EmbeddingResult:
    """All that one embedding tells.

    Attributes:
        embedding: its name.
        about: what it is.
        comparisons: generated sounds first; the floor; the ceiling, if a model was given.
        class_accuracies: of generated, held-out, and rebuilt sounds; empty where there are no two classes.
        nearness: the same sets, and copies; empty if nothing was said of the training sounds.
        pairs: the nearest ones first.
    """

    embedding: str
    about: str
    comparisons: tuple[Comparison, ...]
    class_accuracies: tuple[ClassAccuracy, ...]
    nearness: tuple[Nearness, ...]
    pairs: tuple[NearestPair, ...]

    def comparison(self, name: str) -> Comparison | None:
        """The one of a set, if there is one."""
        return next((comparison for comparison in self.comparisons if comparison.set == name), None)

    def class_accuracy(self, name: str) -> ClassAccuracy | None:
        """The one of a set, if there is one."""
        return next((accuracy for accuracy in self.class_accuracies if accuracy.set == name), None)


@final
@dataclass(frozen=True)
class SoundSetSummary:
    """A set of sounds: where from, how many, in which classes, and how many were silent, short or could not be used."""

    name: str
    folder: str
    sounds: int
    seconds: float
    classes: Mapping[str, int]
    rejected: int
    silent: int
    short: int


@final
@dataclass(frozen=True)
class SynthesisResult:
    """Everything that an evaluation found.

    Attributes:
        title: what was evaluated.
        date: ISO date.
        machine: see `auricle.bench.machine_info`.
        settings: everything that decides the figures, by name.
        sets: the sounds.
        embeddings: what each of them tells.
        notes: what to know about the whole, and what was left out.
        wall_seconds: on the clock.
        format: version of this layout.
    """

    title: str
    date: str
    machine: Mapping[str, str | int | float]
    settings: Mapping[str, Any]
    sets: tuple[SoundSetSummary, ...]
    embeddings: tuple[EmbeddingResult, ...]
    notes: tuple[str, ...]
    wall_seconds: float
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``json.dumps``."""
        return _adapter().dump_python(self, mode="json")


@cache
def _adapter() -> TypeAdapter[SynthesisResult]:
    return TypeAdapter(SynthesisResult)
