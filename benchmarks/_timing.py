"""How long something takes."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import final


@final
@dataclass(frozen=True)
class Timing:
    """Medians over repeats, in seconds.

    Attributes:
        wall: on the clock.
        processor: of all threads of this process; with one thread it hardly sees what else runs on the machine.
    """

    wall: float
    processor: float


@final
class RunningClock:
    """Time and peak memory of this process since it was made; it is told the seconds of sound that were heard."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def __call__(self, seconds: float) -> dict[str, float]:
        wall, used = time.perf_counter() - self._wall, time.process_time() - self._processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"wall s": wall, "processor s": used, "hours per minute": seconds / 60 / used, "peak MB": peak}


def timed(work: Callable[[], object], *, repeats: int = 5, warm_up: int = 1) -> Timing:
    """Time ``work`` after ``warm_up`` calls that do not count."""
    for _ in range(warm_up):
        work()
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return Timing(median(walls), median(processors))
