"""What can be moved while sound is playing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from threading import Lock
from types import MappingProxyType
from typing import NamedTuple, final

from auricle.errors import OptionError
from auricle.model import Autoencoder
from auricle.model.bottleneck import STEPS_PER_LEVEL
from auricle.synth.directions import Directions

_FARTHEST = 5.0
_KEY_STEPS = 20


class ControlRange(NamedTuple):
    """Where a control can stand, and how far a key moves it."""

    lowest: float
    highest: float
    step: float


@final
@dataclass(frozen=True)
class LiveSettings:
    """Where all controls stand.

    Attributes:
        quality: what latents are rounded at; None rounds nothing.
        mix: share of the second sound.
        shifts: along each direction, in standard deviations.
        bypass: whether the sound passes as it is.
    """

    quality: float | None = None
    mix: float = 0.0
    shifts: tuple[float, ...] = ()
    bypass: bool = False


@final
class Controls:
    """Controls that several threads move and one reads: ``settings`` is always a whole.

    Args:
        model: whose quality.
        directions: in its latents.
        settings: at first.

    Attributes:
        ranges: of each control by its name: ``quality``, ``mix``, ``bypass``, and ``PC1``, ``PC2``, ...
        settings: where they stand.

    Raises:
        OptionError: the settings are out of range.
    """

    def __init__(self, model: Autoencoder, directions: Directions | None, settings: LiveSettings):
        count = 0 if directions is None else len(directions.axes)
        levels = model.bottleneck.quality_levels - 1.0
        ranges = {"quality": ControlRange(0.0, levels, 1 / STEPS_PER_LEVEL)} if model.bottleneck.codebooks else {}
        ranges |= {"mix": ControlRange(0.0, 1.0, 1 / _KEY_STEPS), "bypass": ControlRange(0.0, 1.0, 1.0)}
        shift = ControlRange(-_FARTHEST, _FARTHEST, 2 * _FARTHEST / _KEY_STEPS / 2)
        self._shifts = {f"PC{number}": number - 1 for number in range(1, count + 1)}
        self.ranges: Mapping[str, ControlRange] = MappingProxyType({**ranges, **dict.fromkeys(self._shifts, shift)})
        self._lock = Lock()
        shifts = (*settings.shifts, *[0.0] * count)[:count]
        self.settings = replace(settings, shifts=shifts)
        if settings.quality is not None and not ("quality" in ranges and 0 <= settings.quality <= levels):
            dial = f"its dial runs from 0 to {levels:g}" if "quality" in ranges else "it has no dial"
            raise OptionError(f"a quality of {settings.quality:g}: of this model, {dial}")

    def set(self, name: str, value: float) -> bool:
        """Put a control where it should stand, or as near as it can; False where there is no such control."""
        control = next((control for control in self.ranges if control.casefold() == name.casefold()), None)
        if control is None or not isfinite(value):
            return False
        lowest, highest, _ = self.ranges[control]
        bounded = min(max(value, lowest), highest)
        with self._lock:
            self.settings = self._moved(control, bounded)
        return True

    def set_share(self, name: str, share: float) -> bool:
        """The same, as a share of its range from 0 to 1: what a knob tells."""
        if name not in self.ranges:
            return False
        lowest, highest, _ = self.ranges[name]
        return self.set(name, lowest + share * (highest - lowest))

    def nudge(self, name: str, steps: int) -> bool:
        """Move a control by steps."""
        return name in self.ranges and self.set(name, self.value(name) + steps * self.ranges[name].step)

    def value(self, name: str) -> float:
        """Where a control stands; a quality that rounds nothing is the highest."""
        settings = self.settings
        if name in self._shifts:
            return settings.shifts[self._shifts[name]]
        if name == "quality":
            return self.ranges[name].highest if settings.quality is None else settings.quality
        return settings.mix if name == "mix" else float(settings.bypass)

    @property
    def values(self) -> dict[str, float | None]:
        """Where all stand, by name; a quality that rounds nothing is None."""
        values: dict[str, float | None] = {name: self.value(name) for name in self.ranges}
        return values | {"quality": None} if "quality" in values and self.settings.quality is None else values

    def _moved(self, name: str, value: float) -> LiveSettings:
        settings = self.settings
        if name in self._shifts:
            place = self._shifts[name]
            return replace(settings, shifts=(*settings.shifts[:place], value, *settings.shifts[place + 1 :]))
        if name == "quality":
            return replace(settings, quality=round(value * STEPS_PER_LEVEL) / STEPS_PER_LEVEL)
        return replace(settings, mix=value) if name == "mix" else replace(settings, bypass=value >= 0.5)
