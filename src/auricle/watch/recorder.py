"""One front for everything that watches a run: history, trackers and the page."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

from auricle.atomic import atomic_write
from auricle.errors import FormatError
from auricle.html import require_pictures
from auricle.training.engine.report import Report
from auricle.verdict import Verdict
from auricle.watch.health import verdicts
from auricle.watch.history import Entry, History, HistoryFile, read_history
from auricle.watch.page import PAGE, Gallery, View, page
from auricle.watch.trackers import TENSORBOARD, Tracker, check_trackers, create_tracker

_SHARE, _GRACE_SECONDS = 0.01, 2.0
"""Pages, pictures and sounds may cost this share of the run, and at first so many seconds."""


@final
class Recorder:
    """Writes ``history.jsonl``, ``run.html`` and what trackers want into a run's folder, on the main process only.

    Trouble with a page, a tracker or a full disk is told once and never ends the run. The page is drawn anew every
    ``refresh_seconds`` and after each preview, but not as long as drawing has cost more than a hundredth of the time.

    Args:
        folder: of the run; it exists.
        config: the run's configuration as JSON: ``TrainConfig.model_dump(mode="json")``.
        resume: go on with the history that is there; else it is replaced.
        trackers: names, see `check_trackers`.
        name: of the run, the folder's by default.
        refresh_seconds: between two pages, at least.
        on_trouble: is told in one line what could not be written.

    Raises:
        OptionError: a tracker can't be used.
        MissingPackageError: matplotlib is not installed.
        OutputError: the history can't be begun.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        *,
        resume: bool = False,
        trackers: Sequence[str] = (TENSORBOARD,),
        name: str | None = None,
        refresh_seconds: float = 20.0,
        on_trouble: Callable[[str], None] = lambda text: None,
    ) -> None:
        require_pictures()
        check_trackers(trackers)
        self._folder, self._name = folder, name or folder.name.removesuffix(".run")
        self._refresh, self._on_trouble = refresh_seconds, on_trouble
        self._troubled: set[str] = set()
        self._began, self._cost, self._drawn = time.perf_counter(), 0.0, float("-inf")
        self._gallery, self._preview = Gallery(), None
        with self._timed():
            before = _before(folder) if resume else History()
            self._file = HistoryFile(folder, config, resume=resume)
            self._history = before.begun(config)
            self._trackers: dict[str, Tracker] = {}
            for tracker in dict.fromkeys(trackers):
                with self._tolerant(f"the tracker {tracker}"):
                    opened = create_tracker(tracker, folder, self._name)
                    opened.begin(config)
                    self._trackers[tracker] = opened

    @property
    def cost(self) -> float:
        """Seconds spent so far."""
        return self._cost

    @property
    def history(self) -> History:
        """The course of the run."""
        return self._history

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """How it is doing."""
        return verdicts(self._history)

    @property
    def page(self) -> Path:
        """Where the page lies."""
        return self._folder / PAGE

    def record(self, report: Report) -> None:
        """Take a report; never fails."""
        with self._timed():
            entry = Entry.of(report)
            self._history = self._history.plus(entry)
            self._preview = report.preview or self._preview
            with self._tolerant("the history"):
                self._file.append(entry)
            for name in tuple(self._trackers):
                with self._tolerant(f"the tracker {name}", drop=name):
                    self._trackers[name].record(report)
                    if report.preview is not None and (report.progress >= 1.0 or self._affordable()):
                        self._trackers[name].show(report.preview, report)
            if self._due(report.preview is not None):
                self._draw(refresh=self._refresh)

    def close(self) -> None:
        """Draw the last page and finish all files; may be called twice."""
        with self._timed():
            for name, opened in self._trackers.items():
                with self._tolerant(f"the tracker {name}"):
                    opened.close()
            self._trackers = {}
            self._draw(refresh=None)
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _due(self, measured: bool) -> bool:
        return self._affordable() and (measured or time.perf_counter() - self._drawn >= self._refresh)

    def _affordable(self) -> bool:
        return self._cost <= _GRACE_SECONDS + _SHARE * (time.perf_counter() - self._began)

    def _draw(self, refresh: float | None) -> None:
        with self._tolerant("the page"):
            self._drawn = time.perf_counter()
            if self._preview is not None:
                self._gallery, self._preview = self._gallery.renewed(self._preview), None
            view = View(self._name, self._history, self.verdicts, self._gallery.html, refresh)
            text = page(view, datetime.now())
            with atomic_write(self._folder / PAGE, force=True) as temporary:
                temporary.write_text(text, "utf-8", errors="xmlcharrefreplace")

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._cost += time.perf_counter() - started

    @contextmanager
    def _tolerant(self, name: str, *, drop: str | None = None) -> Iterator[None]:
        """Whatever goes wrong inside is told once; a tracker may raise anything."""
        try:
            yield
        except Exception as error:
            if drop is not None:
                del self._trackers[drop]
            if name not in self._troubled:
                self._troubled.add(name)
                reason = " ".join(str(error).split()) or type(error).__name__
                self._on_trouble(f"{name} can't go on ({reason}): training goes on without it")


def _before(folder: Path) -> History:
    """What an interrupted run left, if anything."""
    try:
        return read_history(folder)
    except FormatError:
        return History()
