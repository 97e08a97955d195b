"""What a check says: one plain line, how serious it is, and the numbers behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType


class Level(Enum):
    """How serious a verdict is."""

    fine = "fine"
    warning = "warning"
    bad = "bad"


@dataclass(frozen=True)
class Verdict:
    """One finding. `topic` is a short stable name, `text` one plain line, `values` the numbers it rests on."""

    topic: str
    level: Level
    text: str
    values: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
