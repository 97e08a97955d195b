"""How long a run takes and how its learning rate moves: plain values and pure functions."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import final

from auricle.errors import OptionError
from auricle.training.engine.optimiser import OptimiserConfig
from auricle.training.objective.config import Phase

_ROUNDING = 1e-9  # of a sum of strides
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_MOST_STEPS, _MOST_HOURS = 99_999_999, 100_000  # checkpoints are named by steps of eight digits


@final
@dataclass(frozen=True)
class Budget:
    """Seconds or steps: exactly one is set."""

    seconds: float | None = None
    steps: int | None = None

    def __str__(self) -> str:
        return f"{self.steps} steps" if self.steps is not None else f"{self.seconds:g} s"

    @staticmethod
    def parse(text: str) -> "Budget":
        """Read ``90s``, ``20m``, ``2h``, ``1h30m`` or ``5000`` (steps).

        Raises:
            OptionError: anything else, or nothing left to do.
        """
        if not isinstance(text, str):
            raise OptionError(f"budget {text!r} is no text: write '90s', '20m', '2h', or a number of steps, as '500'")
        stripped = text.strip().lower().removesuffix("steps").strip()
        if stripped.isdecimal() and float(stripped) > 0:
            return Budget(steps=int(_within(float(stripped), _MOST_STEPS, text)))
        parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", stripped)
        if not parts or "".join(number + unit for number, unit in parts) != stripped:
            raise OptionError(f"budget {text!r} is not a time: write 90s, 20m, 2h, or a number of steps")
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if seconds <= 0:
            raise OptionError(f"budget {text!r} leaves no time: give at least a few seconds")
        return Budget(seconds=_within(seconds, 3600 * _MOST_HOURS, text))


def _within(value: float, most: int, text: str) -> float:
    if value > most:
        raise OptionError(f"budget {text[:20]!r} has no end: give at most {_MOST_STEPS} steps or {_MOST_HOURS}h")
    return value


@final
@dataclass(frozen=True)
class Clock:
    """Where a run stands. A value: each step returns the next one.

    With a budget in steps ``progress`` grows evenly. With one in seconds it grows by what is left, divided by the
    steps that the measured speed still allows; the plan is made anew now and then, so the end is met although
    speed changes.

    Attributes:
        step: steps done.
        progress: done share of the run.
        stride: progress per step.
        seconds: time spent, interruptions left out.
        phase: number of the phase.
        entered: step at which the phase began.
        slowdown: factor on every learning rate; it falls when a run had to be restored.
        restored: how often a run went back to a checkpoint because its numbers were not finite.
    """

    step: int = 0
    progress: float = 0.0
    stride: float = 0.0
    seconds: float = 0.0
    phase: int = 0
    entered: int = 0
    slowdown: float = 1.0
    restored: int = 0

    @property
    def done(self) -> bool:
        """Nothing left to do."""
        return self.progress >= 1.0 - _ROUNDING

    def plan(self, budget: Budget, seconds_per_step: float) -> "Clock":
        """Set the progress per step from the speed."""
        if budget.steps is not None:
            return replace(self, stride=(1.0 - self.progress) / max(1, budget.steps - self.step))
        assert budget.seconds is not None
        remaining = max(budget.seconds - self.seconds, seconds_per_step)
        return replace(self, stride=(1.0 - self.progress) * min(1.0, seconds_per_step / remaining))

    def for_budget(self, budget: Budget, phases: Sequence["Span"], *, rewinds: bool = False) -> "Clock":
        """The same state in a run of another length, of which less or more is done therefore.

        Args:
            budget: of the whole run.
            phases: the parts of the run.
            rewinds: whether it may be in an earlier phase then; else no phase is entered twice.
        """
        spent = self.step / budget.steps if budget.steps is not None else self.seconds / (budget.seconds or 1.0)
        first = 0 if rewinds else self.phase
        phase = max(first, *(number for number in range(self.phase + 1) if phases[number].start <= spent))
        clock = replace(self, progress=min(1.0, max(spent, phases[phase].start)), stride=0.0)
        clock = clock if phase == self.phase else clock.enter(phase)
        return clock if budget.steps is None else clock.plan(budget, 0.0)

    def tick(self, seconds: float) -> "Clock":
        """After a step that took ``seconds``."""
        progress = self.progress + self.stride
        end = 1.0 if progress >= 1.0 - _ROUNDING else progress
        return replace(self, step=self.step + 1, progress=end, seconds=self.seconds + seconds)

    def finished(self) -> "Clock":
        """Ended early: nothing is left to do, until the budget is raised."""
        return replace(self, progress=1.0)

    def at(self, seconds: float) -> "Clock":
        """With another count of the time spent."""
        return replace(self, seconds=seconds)

    def slow_down(self, since: "Clock") -> "Clock":
        """This earlier state at half the learning rate; the time spent stays spent."""
        slowdown, restored = since.slowdown / 2, since.restored + 1
        return replace(self, seconds=since.seconds, slowdown=slowdown, restored=restored)

    def enter(self, phase: int) -> "Clock":
        return replace(self, phase=phase, entered=self.step)


@final
@dataclass(frozen=True)
class Span:
    """The part of a run that a phase takes, in shares of the run."""

    start: float
    end: float

    def done(self, progress: float) -> float:
        """Done share of the phase, 0 to 1."""
        return min(1.0, max(0.0, (progress - self.start) / (self.end - self.start)))


def spans(phases: Sequence[Phase]) -> tuple[Span, ...]:
    """Where each phase starts and ends."""
    total = sum(phase.share for phase in phases)
    ends = [share / total for share in accumulate(phase.share for phase in phases)]
    return tuple(Span(start, end) for start, end in zip([0.0, *ends[:-1]], [*ends[:-1], 1.0], strict=True))


def learning_rate(config: OptimiserConfig, step: int, progress: float) -> float:
    """Warm-up by steps, then constant, then half a cosine down to zero; step and progress are those of the phase."""
    warmup = min(1.0, (step + 1) / (config.warmup + 1))
    remaining = max(0.0, 1.0 - progress)
    decay = 1.0 if remaining >= config.decay else 0.5 * (1.0 - math.cos(math.pi * remaining / config.decay))
    return config.rate * warmup * decay
