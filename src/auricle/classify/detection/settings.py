"""What a classifier's file says about detection."""

from typing import final

from pydantic import Field

from auricle.model.registry import Frozen

_MAX_CLASSES = 10_000
_SURE = 1.645
"""Standard deviations that a normal quantity exceeds once in twenty."""


def highest_count(counted: int) -> float:
    """The largest mean of a Poisson distribution that lets so few be counted one time in twenty: half a quantile of chi
    squared, after Wilson and Hilferty (1931).
    """
    freedom = 2 * counted + 2
    return freedom / 2 * (1 - 2 / (9 * freedom) + _SURE * (2 / (9 * freedom)) ** 0.5) ** 3


@final
class DetectedClass(Frozen):
    """How well one class is detected at its threshold in recordings that were held out."""

    smoothing: int = Field(ge=1, le=999, description="windows of the median filter over its probability")
    threshold: float = Field(ge=0, description="least score of an event")
    events: int = Field(ge=0, description="events of the class there")
    detections: int = Field(ge=0, description="what was reported")
    hits: int = Field(ge=0, description="detections that share half of the shorter with an event of the class")
    false_alarms: int = Field(ge=0, description="detections where nothing is")
    longest: float = Field(gt=0, description="seconds of the longest event of the class that was marked")

    @property
    def precision(self) -> float | None:
        """Share of the detections that are right; None where there are none."""
        return self.hits / self.detections if self.detections else None

    @property
    def recall(self) -> float | None:
        """Share of the events that are detected; None where there are none."""
        return self.hits / self.events if self.events else None


@final
class DetectionSettings(Frozen):
    """How events are made of windows, and what was measured when the thresholds were chosen."""

    hop: float = Field(ge=0.005, le=30, description="seconds from window to window")
    extent: float = Field(default=0.5, gt=0, le=1, description="an event lasts while this share of its peak is reached")
    gap: float = Field(default=0.5, ge=0, le=60, description="seconds of pause inside one event")
    precision: float = Field(gt=0, le=1, description="share of right detections that the thresholds were chosen for")
    false_alarms: float | None = Field(default=None, gt=0, description="an hour, that they were chosen for, if any")
    held_out_hours: float = Field(ge=0, description="length of what the thresholds were chosen on")
    novelty_limit: float = Field(gt=0, description="distance that a hundredth of the held-out events exceed")
    classes: dict[str, DetectedClass] = Field(max_length=_MAX_CLASSES, description="thresholds and figures")

    @property
    def false_alarms_per_hour(self) -> float:
        """Detections where nothing is, an hour of what the thresholds were chosen on."""
        return self._counted_false_alarms / max(1e-9, self.held_out_hours)

    @property
    def highest_false_alarms_per_hour(self) -> float:
        """Upper end of their one-sided 95 % interval: 3 over the hours where none was counted."""
        return highest_count(self._counted_false_alarms) / max(1e-9, self.held_out_hours)

    @property
    def _counted_false_alarms(self) -> int:
        return sum(figures.false_alarms for figures in self.classes.values())
