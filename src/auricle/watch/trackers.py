"""Trackers: TensorBoard with pictures and sounds, and figures for whatever else accelerate knows."""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from auricle.errors import OptionError
from auricle.extras import require
from auricle.html import Spectrograph
from auricle.training.engine.report import Excerpt, Preview, Report
from auricle.watch.run_config import flat
from auricle.watch.trend import participants

if TYPE_CHECKING:
    from accelerate.tracking import GeneralTracker

TENSORBOARD = "tensorboard"
_MEDIA = 3
"""Excerpts that are kept as sound and picture each time."""
_MEDIA_GROWTH = 1.25
"""Sounds and pictures are kept when the run has grown by so much, so that days of training don't fill a disk."""
_GAP = 4
_SHARE = 0.95


class Tracker(ABC):
    """Where figures of a run are shown."""

    @abstractmethod
    def begin(self, config: Mapping[str, Any]) -> None:
        """Before the first report."""

    @abstractmethod
    def record(self, report: Report) -> None:
        """Show the figures of a report."""

    @abstractmethod
    def show(self, preview: Preview, report: Report) -> None:
        """Show sounds and pictures of a report; is left out where that would cost too much time."""

    @abstractmethod
    def close(self) -> None:
        """Write what is left."""


def check_trackers(names: Sequence[str]) -> None:
    """Refuse early what can't be used.

    Raises:
        OptionError: a tracker is unknown or its package is not installed.
        MissingPackageError: accelerate or TensorBoard is not installed.
    """
    supported, usable = _trackers()
    for name in names:
        if name not in supported:
            raise OptionError(f"no tracker {name!r}: choose one of {', '.join(supported)}")
        if name == TENSORBOARD:
            require(name, extra="train", purpose="curves in TensorBoard")
        if name not in usable:
            raise OptionError(f"the tracker {name} is not installed: pip install its package, or choose another")


def create_tracker(name: str, folder: Path, title: str) -> Tracker:
    """The tracker of a name; nothing is opened yet.

    Args:
        name: ``tensorboard``, or any tracker that accelerate knows or was given.
        folder: of the run.
        title: of the run.

    Raises:
        OptionError: as `check_trackers`.
    """
    check_trackers([name])
    return TensorBoard(folder / TENSORBOARD) if name == TENSORBOARD else AnyTracker(name, folder, title)


def _trackers() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of all trackers, and of those that are installed or were registered with accelerate."""
    require("accelerate", extra="train", purpose="trackers")
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
    from accelerate.utils import LoggerType

    builtin = {kind.value for kind in LoggerType}
    installed = {str(kind.value) for kind in get_available_trackers()}
    usable = [name for name in LOGGER_TYPE_TO_CLASS if name in installed or name not in builtin]
    return tuple(sorted(LOGGER_TYPE_TO_CLASS)), tuple(sorted(usable))


def figures(report: Report) -> dict[str, float]:
    """Everything in a report that is a number and finite, by the name that trackers show."""
    scalars = {
        "train/loss": report.loss,
        **{f"train/{name}": value for name, value in report.terms.items()},
        "train/gradient_norm": report.gradient_norm,
        "train/learning_rate": report.learning_rate,
        "run/progress": report.progress,
        "run/audio_per_second": report.audio_per_second,
        "run/bad_steps": float(report.bad_steps),
    }
    if report.preview is not None:
        scalars |= dict(_held_out(report.preview))
    return {name: float(value) for name, value in scalars.items() if math.isfinite(value)}


def _held_out(preview: Preview) -> Iterator[tuple[str, float]]:
    yield f"held_out/{preview.measure.replace(' ', '_')}", preview.figure
    if preview.rate is not None:
        yield "held_out/rate", preview.rate
    for name, values in preview.usage.items():
        yield f"bottleneck/{name}_mean", float(np.mean(values))
    for name in ("bits", "nats", "variance"):
        if name in preview.usage:
            yield "bottleneck/active_dimensions", float(participants(preview.usage[name], _SHARE))


@final
class TensorBoard(Tracker):
    """Event files, no account needed: figures of each report, and now and then pictures and sounds.

    A resumed run goes on in the same folder; what it had written beyond its checkpoint is hidden.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = ""
        self._writer: Any = None
        self._logged_originals: set[str] = set()
        self._media_at = -math.inf

    def begin(self, config: Mapping[str, Any]) -> None:
        """Keep the configuration for the first report, which tells the step."""
        self._config = json.dumps(config, indent=2)

    def record(self, report: Report) -> None:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter  # half a second

            self._writer = SummaryWriter(str(self._folder), purge_step=report.step, flush_secs=20)
            self._writer.add_text("configuration", f"```json\n{self._config}\n```", report.step)
        for name, value in figures(report).items():
            self._writer.add_scalar(name, value, report.step)
        for text in report.events:
            self._writer.add_text("events", text, report.step)

    def show(self, preview: Preview, report: Report) -> None:
        """Pictures and sounds, if it is time."""
        assert self._writer is not None, "record first"
        if report.seconds >= _MEDIA_GROWTH * self._media_at or report.progress >= 1.0:
            self._media_at = report.seconds
            for excerpt in preview.excerpts[:_MEDIA]:
                self._show(excerpt, preview.sample_rate, report.step)

    def _show(self, excerpt: Excerpt, sample_rate: int, step: int) -> None:
        """An original is written once."""
        decoded = excerpt.decoded[None]
        self._sound(f"decoded/{excerpt.name}", decoded, sample_rate, step)
        if excerpt.original is None:
            picture = Spectrograph(decoded, sample_rate).pixels(decoded)
            self._writer.add_image(f"made/{excerpt.name}", picture, step, dataformats="HWC")
            return
        original = excerpt.original[None]
        graph = Spectrograph(original, sample_rate)
        above, below = graph.pixels(original), graph.pixels(decoded)
        gap = np.full((_GAP, *above.shape[1:]), 255, np.uint8)
        picture = np.concatenate((above, gap, below))
        self._writer.add_image(f"original above decoded/{excerpt.name}", picture, step, dataformats="HWC")
        if excerpt.name not in self._logged_originals:
            self._logged_originals.add(excerpt.name)
            self._sound(f"original/{excerpt.name}", original, sample_rate, step)

    def _sound(self, name: str, audio: np.ndarray, sample_rate: int, step: int) -> None:
        self._writer.add_audio(name, np.clip(audio, -1.0, 1.0), step, sample_rate=sample_rate)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()


@final
class AnyTracker(Tracker):
    """Figures for a tracker of accelerate; what it needs (accounts, folders, offline modes) it takes from its own
    environment variables."""

    def __init__(self, name: str, folder: Path, title: str) -> None:
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        self._kind = LOGGER_TYPE_TO_CLASS[name]
        self._place = (title, str(folder)) if self._kind.requires_logging_directory else (title,)
        self._tracker: GeneralTracker | None = None

    def begin(self, config: Mapping[str, Any]) -> None:
        """Open the tracker and store the configuration."""
        opened: GeneralTracker = self._kind(*self._place)
        opened.start()
        opened.store_init_configuration(dict(flat(config)))
        self._tracker = opened

    def record(self, report: Report) -> None:
        assert self._tracker is not None, "begin first"
        self._tracker.log(figures(report), step=report.step)

    def show(self, preview: Preview, report: Report) -> None:
        """Nothing: trackers differ in what they take, figures they all do."""

    def close(self) -> None:
        """Let the tracker finish."""
        if self._tracker is not None:
            self._tracker.finish()
