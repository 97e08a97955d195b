"""The course of a run as a file: one JSON line per report, only ever appended to.

The first line of a run, and the first after each resumption, holds the configuration. Where a line's step is not beyond
that of the line before it, the run went back to a checkpoint; lines from that step on no longer count when the file
is read. What is not finite is written as null. A line that was cut short by a crash is passed over.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, final

from auricle.errors import FormatError, OutputError
from auricle.training.engine.report import Preview, Report

HISTORY = "history.jsonl"
_MOST = 4096
"""Lines that are kept in memory; of longer runs every second line is kept, again and again."""


@final
@dataclass(frozen=True)
class Measurement:
    """A measurement on held-out sound: as `auricle.training.engine.report.Preview`, without the sounds."""

    figure: float
    measure: str
    rate: float | None
    usage: Mapping[str, tuple[float, ...]]

    @staticmethod
    def of(preview: Preview) -> "Measurement":
        return Measurement(preview.figure, preview.measure, preview.rate, dict(preview.usage))


@final
@dataclass(frozen=True)
class Entry:
    """One report, as `auricle.training.engine.report.Report`, without sounds."""

    step: int
    phase: str
    progress: float
    seconds: float
    seconds_left: float
    learning_rate: float
    audio_per_second: float
    loss: float
    gradient_norm: float
    bad_steps: int
    terms: Mapping[str, float]
    events: tuple[str, ...] = ()
    measured: Measurement | None = None

    @staticmethod
    def of(report: Report) -> "Entry":
        return Entry(
            step=report.step,
            phase=report.phase,
            progress=report.progress,
            seconds=report.seconds,
            seconds_left=report.seconds_left,
            learning_rate=report.learning_rate,
            audio_per_second=report.audio_per_second,
            loss=report.loss,
            gradient_norm=report.gradient_norm,
            bad_steps=report.bad_steps,
            terms=dict(report.terms),
            events=report.events,
            measured=report.preview and Measurement.of(report.preview),
        )


@final
@dataclass(frozen=True)
class Event:
    """Something that happened, and the step up to which it was told."""

    step: int
    text: str


@final
@dataclass(frozen=True)
class History:
    """What is known of a run.

    Attributes:
        entries: in the order of their steps; of long runs not every one.
        events: all of them, also from lines that no longer count.
        bad_steps: steps left out because they were not finite, before and after resumptions.
        config: the run's configuration as JSON.
    """

    entries: tuple[Entry, ...] = ()
    events: tuple[Event, ...] = ()
    bad_steps: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)
    _counted: int = 0

    @property
    def last(self) -> Entry | None:
        return self.entries[-1] if self.entries else None

    @property
    def measured(self) -> tuple[tuple[Entry, Measurement], ...]:
        """Reports with a measurement on held-out sound, and the measurements."""
        return tuple((entry, entry.measured) for entry in self.entries if entry.measured)

    def begun(self, config: Mapping[str, Any]) -> "History":
        """After a start or a resumption."""
        return replace(self, config=config, _counted=0)

    def plus(self, entry: Entry) -> "History":
        """After one more report; those from its step on no longer count."""
        entries = self.entries
        while entries and entries[-1].step >= entry.step:
            entries = entries[:-1]
        return replace(
            self,
            entries=_thinned((*entries, entry)),
            events=(*self.events, *(Event(entry.step, text) for text in entry.events)),
            bad_steps=self.bad_steps + max(0, entry.bad_steps - self._counted),
            _counted=entry.bad_steps,
        )


def _thinned(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Every second of too many; the newest and, if they are few, those with measurements stay."""
    if len(entries) <= _MOST:
        return entries
    few = sum(entry.measured is not None for entry in entries) < _MOST // 4
    last = len(entries) - 1
    return tuple(e for i, e in enumerate(entries) if i % 2 == last % 2 or (few and e.measured is not None))


@final
class HistoryFile:
    """Appends to a run's history; each line is on its way to the disk before `append` returns.

    Args:
        folder: of the run.
        config: as JSON.
        resume: go on with what is there; else it is replaced.

    Raises:
        OutputError: the file can't be written.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], *, resume: bool) -> None:
        self._path = folder / HISTORY
        try:
            self._torn = resume and _torn(self._path)
            self._file = self._path.open("a" if resume else "w", encoding="utf-8")
            self._write(json.dumps({"config": _plain(config)}, allow_nan=False))
        except OSError as error:
            raise OutputError(f"can't write {self._path}: {error.strerror}") from error

    def append(self, entry: Entry) -> None:
        """Write one line.

        Raises:
            OutputError: the disk refuses.
        """
        values = {name: value for name, value in vars(entry).items() if name != "measured"}
        measured = {"measured": vars(entry.measured)} if entry.measured else {}
        try:
            self._write(json.dumps(_plain({**values, **measured}), allow_nan=False))
        except OSError as error:
            raise OutputError(f"can't write {self._path}: {error.strerror}") from error

    def _write(self, line: str) -> None:
        """Begin on a new line even if the last write failed half-way."""
        begin, self._torn = "\n" if self._torn else "", True
        self._file.write(f"{begin}{line}\n")
        self._file.flush()
        self._torn = False

    def close(self) -> None:
        """Finish the file; may be called twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _torn(path: Path) -> bool:
    """Whether a crash cut the last line short."""
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


def read_history(folder: Path) -> History:
    """What a run's folder tells.

    Raises:
        FormatError: there is no history in it, or not one line of it can be read.
    """
    path = folder / HISTORY
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise FormatError(f"can't read {path}: {error.strerror}") from error
    history, understood = History(), 0
    for line in text.splitlines():
        parsed = _parsed(line)
        history = history if parsed is None else _after(history, parsed)
        understood += parsed is not None
    if not understood:
        raise FormatError(f"{path} is no history of a training run: name the folder of a run")
    return history


def _after(history: History, parsed: Mapping[str, Any] | Entry) -> History:
    match parsed:
        case Entry():
            return history.plus(parsed)
        case _:
            return history.begun(parsed)


def _parsed(line: str) -> Mapping[str, Any] | Entry | None:
    """A configuration or an entry; None for a line that is neither."""
    try:
        values = json.loads(line)
        return values["config"] if "config" in values else _entry(values)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _entry(values: dict[str, Any]) -> Entry:
    measured = values.get("measured")
    return Entry(
        step=int(values["step"]),
        phase=str(values["phase"]),
        bad_steps=int(values["bad_steps"]),
        terms={name: _number(value) for name, value in values["terms"].items()},
        events=tuple(map(str, values["events"])),
        measured=measured and _measured(measured),
        **{name: _number(values[name]) for name in _NUMBERS},
    )


_NUMBERS = ("progress", "seconds", "seconds_left", "learning_rate", "audio_per_second", "loss", "gradient_norm")


def _measured(values: dict[str, Any]) -> Measurement:
    rate = values["rate"]
    usage = {name: tuple(map(_number, values_of_name)) for name, values_of_name in values["usage"].items()}
    return Measurement(_number(values["figure"]), str(values["measure"]), None if rate is None else float(rate), usage)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _plain(value: Any) -> Any:
    """For JSON: numbers that are not finite become null."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
