"""How long a run takes and how its learning rate moves: plain values and pure functions."""

import math
import re
from dataclasses import dataclass
from typing import final

from auricle.errors import OptionError
from auricle.training.config import OptimiserConfig

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@final
@dataclass(frozen=True)
class Budget:
    """Seconds or steps: exactly one is set."""

    seconds: float | None = None
    steps: int | None = None

    @staticmethod
    def parse(text: str) -> "Budget":
        """Read ``90s``, ``20m``, ``2h``, ``1h30m`` or ``5000`` (steps).

        Raises:
            OptionError: anything else, or nothing left to do.
        """
        plain = text.strip().lower().removesuffix("steps").strip()
        if plain.isdecimal() and int(plain) > 0:
            return Budget(steps=int(plain))
        parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", plain)
        if not parts or "".join(number + unit for number, unit in parts) != plain:
            raise OptionError(f"budget {text!r} is not a time: write 90s, 20m, 2h, or a number of steps")
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if seconds <= 0:
            raise OptionError(f"budget {text!r} leaves no time: give at least a few seconds")
        return Budget(seconds=seconds)


@final
@dataclass(frozen=True)
class Clock:
    """Where a run stands. A value: each step returns the next one.

    With a budget in steps ``progress`` grows evenly. With one in seconds it grows by what is left, divided by the
    steps that the measured speed still allows; the plan is made anew now and then, so the end is met although
    speed changes.
    """

    step: int = 0
    progress: float = 0.0
    stride: float = 0.0
    seconds: float = 0.0

    @property
    def done(self) -> bool:
        """Nothing left to do."""
        return self.progress >= 1.0 - 1e-9

    def plan(self, budget: Budget, seconds_per_step: float) -> "Clock":
        """Set the progress per step from the speed."""
        if budget.steps is not None:
            return Clock(self.step, self.progress, 1.0 / budget.steps, self.seconds)
        assert budget.seconds is not None
        left = max(budget.seconds - self.seconds, seconds_per_step)
        stride = (1.0 - self.progress) * min(1.0, seconds_per_step / left)
        return Clock(self.step, self.progress, stride, self.seconds)

    def tick(self, seconds: float) -> "Clock":
        """After a step that took ``seconds``."""
        return Clock(self.step + 1, self.progress + self.stride, self.stride, self.seconds + seconds)


def learning_rate(config: OptimiserConfig, step: int, progress: float) -> float:
    """Warm-up by steps, then constant, then half a cosine down to zero by the end of the run."""
    warm = min(1.0, (step + 1) / (config.warmup + 1))
    left = max(0.0, 1.0 - progress)
    fall = 1.0 if left >= config.decay else 0.5 * (1.0 - math.cos(math.pi * left / config.decay))
    return config.rate * warm * fall
