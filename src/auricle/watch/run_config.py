"""What verdicts need to know of a configuration, as JSON: also one that an older or newer version wrote."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from auricle.watch.history import Entry


@final
@dataclass(frozen=True)
class RunConfig:
    """Limits of gradient norms by phase, and weights of distances by name; empty where the configuration tells none."""

    clips: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)

    @staticmethod
    def of(config: Mapping[str, Any]) -> "RunConfig":
        """Read a configuration of `auricle.training.TrainConfig` as JSON, as far as it can be understood."""
        try:
            return RunConfig(
                clips={phase["name"]: float(phase["optimiser"]["clip"]) for phase in config["phases"]},
                weights={term["loss"]["kind"]: float(term["weight"]) for term in config["objective"]["losses"]},
            )
        except (KeyError, TypeError, ValueError):
            return RunConfig()

    def clip(self, phase: str) -> float:
        """Limit of the gradient's norm in a phase, infinite if unknown."""
        return self.clips.get(phase, float("inf"))

    def distance(self, entry: Entry) -> float:
        """The weighted distances of a report, without rates and discriminators; its loss if they are unknown."""
        names = self.weights.keys() & entry.terms.keys()
        return sum(self.weights[name] * entry.terms[name] for name in names) if names else entry.loss


def flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | float | bool]]:
    """Every value of a configuration by its dotted name, as trackers want them; nothing becomes text."""
    for name, value in config.items():
        match value:
            case Mapping():
                yield from flat(value, f"{prefix}{name}.")
            case list() | tuple():
                yield from flat({str(index): item for index, item in enumerate(value)}, f"{prefix}{name}.")
            case bool() | int() | float() | str():
                yield f"{prefix}{name}", value
            case _:
                yield f"{prefix}{name}", str(value)
