"""How long something takes."""

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
