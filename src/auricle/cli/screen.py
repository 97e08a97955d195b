"""What a verb shows: progress and notes on standard error, its result on standard output."""

import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

from auricle.cli.options import Output

_LINE_SECONDS = 10.0
"""Where there is no terminal, progress is a line at most this often."""


class Meter(ABC):
    """Shows how far a piece of work is."""

    @abstractmethod
    def show(self, share: float, detail: str = "") -> None:
        """Show the share that is done, 0 to 1, and a few words."""


@final
class Screen:
    """Standard output and standard error of one verb."""

    def __init__(self, output: Output) -> None:
        self._json, self._quiet = output.json, output.quiet

    def note(self, text: str) -> None:
        """A line or more on standard error."""
        if not self._quiet:
            print(_printable(text), file=sys.stderr)

    def result(self, text: str, values: Mapping[str, object], *, aside: bool = False) -> None:
        """The verb's result: ``values`` as JSON if that was asked for, else ``text``; ``aside`` on standard error."""
        stream = sys.stderr if aside else sys.stdout
        if self._json:
            print(json.dumps(values, default=_plain, allow_nan=False), file=stream)
        elif not self._quiet:
            print(_printable(text), file=stream)

    @contextmanager
    def progress(self, title: str) -> Iterator[Meter]:
        """A bar on a terminal, a line now and then elsewhere, nothing where quiet was asked for."""
        if self._quiet:
            yield _Silent()
        elif sys.stderr.isatty():
            with _bar(_printable(title)) as meter:
                yield meter
        else:
            yield _Lines(title, time.monotonic)


@final
class _Silent(Meter):
    def show(self, share: float, detail: str = "") -> None:
        pass


@final
class _Lines(Meter):
    def __init__(self, title: str, clock: Callable[[], float]) -> None:
        self._title, self._clock = title, clock
        self._last = clock()

    def show(self, share: float, detail: str = "") -> None:
        now = self._clock()
        if now - self._last >= _LINE_SECONDS:
            self._last = now
            print(_printable(f"{self._title} {share:.0%} {detail}").rstrip(), file=sys.stderr, flush=True)


@contextmanager
def _bar(title: str) -> Iterator[Meter]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn(escape(title)),
        BarColumn(bar_width=12),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[detail]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=1.0, detail="")

        @final
        class Bar(Meter):
            def show(self, share: float, detail: str = "") -> None:
                progress.update(task, completed=share, detail=detail)

        yield Bar()


def _plain(value: Any) -> object:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON for {type(value)}")


def _printable(text: str) -> str:
    """Names of files may hold bytes that no encoding knows: show them escaped."""
    return text.encode(errors="backslashreplace").decode()


@final
class Pace:
    """Measures how much faster than real time sound passes, from a codec's progress."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._first = self._last = (0.0, 0.0)

    def __call__(self, done: float, total: float) -> None:
        """Take seconds of sound done and in all; a smaller ``done`` than before starts over."""
        now = (done, time.perf_counter())
        self._first = self._first if self._first < now and self._last[0] < done and self._first[1] else now
        self._last = now
        share = min(1.0, done / total) if total else 0.0
        self._meter.show(share, f"{done:.0f} of {total:.0f} s" if total else f"{done:.0f} s")

    @property
    def speed(self) -> str:
        """Such as ``120 x real time``; empty where too little passed to tell."""
        done, took = (self._last[i] - self._first[i] for i in (0, 1))
        return f"{done / took:.0f} x real time" if done >= 1.0 and took > 0 else ""
