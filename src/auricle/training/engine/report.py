"""What a run tells about itself: plain values that can be shown, stored and judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np


@final
@dataclass(frozen=True)
class Excerpt:
    """A piece of sound that a model made, beside the held-out one it was made from, if any.

    Attributes:
        name: of the file it was cut from, or what was asked for.
        original: float32 ``(t,)`` at the model's rate; None for a sound that was made from nothing.
        decoded: float32 ``(t,)``, aligned with ``original``.
        mel: log-mel distance between the two, in nepers; None without an original.
    """

    name: str
    original: np.ndarray | None
    decoded: np.ndarray
    mel: float | None


@final
@dataclass(frozen=True)
class Preview:
    """How the averaged weights do on held-out sound.

    Attributes:
        sample_rate: of the excerpts, in Hz.
        figure: the smaller the better; it decides which weights are kept.
        measure: what the figure is, for those who read it.
        rate: ideal code length in kilobits per second, None where the bottleneck has no rate.
        usage: what each dimension or codebook of the bottleneck carries, by the name of the measure.
        excerpts: the sounds themselves.
    """

    sample_rate: int
    figure: float
    measure: str
    rate: float | None
    usage: Mapping[str, tuple[float, ...]]
    excerpts: tuple[Excerpt, ...]


@final
@dataclass(frozen=True)
class Report:
    """The state of a run after a step; figures are means since the last report.

    Attributes:
        step: steps done.
        phase: name of the phase.
        progress: done share of the run.
        seconds: time spent, interruptions left out.
        seconds_left: what the measured speed lets expect.
        learning_rate: of the last step.
        audio_per_second: seconds of sound per second.
        loss: weighted sum.
        terms: unweighted terms of all losses by name.
        gradient_norm: before clipping.
        bad_steps: steps left out so far because they were not finite.
        events: what happened since the last report, one line each.
        preview: the last measurement on held-out sound, if one was made since the last report.
    """

    step: int
    phase: str
    progress: float
    seconds: float
    seconds_left: float
    learning_rate: float
    audio_per_second: float
    loss: float
    terms: Mapping[str, float]
    gradient_norm: float
    bad_steps: int
    events: tuple[str, ...] = field(default=())
    preview: Preview | None = None
