"""How far a piece of work is: one type for every function that takes a while."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final


@final
@dataclass(frozen=True)
class Progress:
    """How far a piece of work is.

    Attributes:
        stage: what is being done, such as ``decoding sounds``.
        done: how much of it is done, in ``unit``.
        total: how much there is in all; 0 where that is not known.
        unit: what is counted: ``s`` (seconds of sound), ``files``, ``sounds``, ``steps``, ...; empty where only the
            share says something.
    """

    stage: str
    done: float
    total: float
    unit: str

    @property
    def share(self) -> float:
        """The share that is done, 0 to 1; 0 where the total is not known."""
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0

    @property
    def text(self) -> str:
        """Such as ``decoding sounds, 3 of 40 files``; the stage alone where nothing is counted."""
        total = f" of {self.total:.0f}" if self.total > 0 else ""
        count = f"{self.done:.0f}{total} {self.unit}" if self.unit else ""
        return ", ".join(filter(None, (self.stage, count)))


OnProgress: TypeAlias = Callable[[Progress], None]
"""What a function calls while it works."""


def ignore_progress(progress: Progress) -> None:
    """The default: nobody is told."""
