"""Running means between two reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import final

from auricle.training.engine.report import Preview, Report
from auricle.training.loop.schedule import Clock
from auricle.training.loop.worker import StepResult

_MEMORY = 0.95


@final
@dataclass(frozen=True)
class RunningMeans:
    """A value: each step returns the next one.

    Attributes:
        seconds_per_step: smoothed.
        count: finite steps since the last report.
        sums: of their terms.
        norms: sum of their gradient norms.
        rate: the last learning rate.
        bad: steps left out since the run began.
        bad_in_a_row: steps left out since the last finite one.
        events: what happened since the last report.
        preview: made since the last report.
    """

    seconds_per_step: float = 0.0
    count: int = 0
    sums: Mapping[str, float] = field(default_factory=dict)
    norms: float = 0.0
    rate: float = 0.0
    bad: int = 0
    bad_in_a_row: int = 0
    events: tuple[str, ...] = ()
    preview: Preview | None = None

    def add(self, result: StepResult, took: float) -> "RunningMeans":
        """After a step that took so many seconds."""
        seconds_per_step = _MEMORY * self.seconds_per_step + (1 - _MEMORY) * took if self.seconds_per_step else took
        if not result.finite:
            return replace(
                self, seconds_per_step=seconds_per_step, bad=self.bad + 1, bad_in_a_row=self.bad_in_a_row + 1
            )
        sums = {name: self.sums.get(name, 0.0) + value for name, value in result.terms.items()}
        return replace(
            self,
            seconds_per_step=seconds_per_step,
            count=self.count + 1,
            sums=sums,
            norms=self.norms + result.norm,
            rate=result.rate,
            bad_in_a_row=0,
        )

    def with_event(self, event: str) -> "RunningMeans":
        return replace(self, events=(*self.events, event))

    def with_preview(self, preview: Preview | None) -> "RunningMeans":
        """After a measurement, if there was one."""
        return replace(self, preview=preview or self.preview)

    def after_restoration(self) -> "RunningMeans":
        return replace(self, bad_in_a_row=0)

    def after_report(self) -> "RunningMeans":
        return replace(self, count=0, sums={}, norms=0.0, events=(), preview=None)

    def report(self, clock: Clock, phase: str, step_seconds: float) -> Report:
        """The state of the run."""
        count = max(1, self.count)
        means = {name: total / count for name, total in self.sums.items()}
        seconds_left = (1.0 - clock.progress) / clock.stride * self.seconds_per_step if clock.stride else 0.0
        return Report(
            step=clock.step,
            phase=phase,
            progress=min(1.0, clock.progress),
            seconds=clock.seconds,
            seconds_left=max(0.0, seconds_left),
            learning_rate=self.rate,
            audio_per_second=step_seconds / self.seconds_per_step if self.seconds_per_step else 0.0,
            loss=means.pop("loss", float("nan")),
            terms=means,
            gradient_norm=self.norms / count,
            bad_steps=self.bad,
            events=self.events,
            preview=self.preview,
        )
