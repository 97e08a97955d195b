"""What a verb shows: progress and notes on standard error, its result on standard output."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

from auricle.cli.options import Output
from auricle.cli.streams import print_output, print_to_stderr
from auricle.printable import printable
from auricle.progress import OnProgress, Progress, ignore_progress

_LINE_SECONDS = 10.0
"""Where there is no terminal, progress is a line at most this often."""


@final
class Screen:
    """Standard output and standard error of one verb."""

    def __init__(self, output: Output) -> None:
        self._json, self._quiet = output.json, output.quiet

    def note(self, *lines: str) -> None:
        """Lines on standard error."""
        if not self._quiet:
            print_to_stderr(*map(printable, lines))

    def result(self, lines: str | Iterable[str], values: Mapping[str, object], *, aside: bool = False) -> None:
        """The verb's result: ``values`` as JSON if that was asked for, else ``lines``; ``aside`` on standard error.

        A line end inside a line is shown escaped: names hold them too.
        """
        show = print_to_stderr if aside else print_output
        if self._json:
            show(_json(values))
        elif not self._quiet:
            show(*map(printable, (lines,) if isinstance(lines, str) else lines))

    @contextmanager
    def progress(self, title: str) -> Iterator[OnProgress]:
        """Show progress: a bar on a terminal, a line now and then elsewhere, nothing where quiet was asked for."""
        if self._quiet:
            yield ignore_progress
        elif sys.stderr.isatty():
            with _bar(printable(title)) as on_progress:
                yield on_progress
        else:
            yield _lines(title)


def _lines(title: str) -> OnProgress:
    last = time.monotonic()

    def print_line(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _LINE_SECONDS:
            last = now
            line = f"{title} {progress.share:.0%} {progress.text}"
            print_to_stderr(printable(line).rstrip())

    return print_line


@contextmanager
def _bar(title: str) -> Iterator[OnProgress]:
    from rich import progress as rich
    from rich.console import Console
    from rich.markup import escape

    columns = (
        rich.TextColumn(escape(title)),
        rich.BarColumn(bar_width=12),
        rich.TextColumn("{task.percentage:3.0f} %"),
        rich.TextColumn("{task.fields[text]}", markup=False),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, text="")
        yield lambda progress: bar.update(task, completed=progress.share, text=printable(progress.text))


def _json(values: Mapping[str, object]) -> str:
    """JSON in ASCII without control characters: whatever names and tags hold, a terminal obeys none of it."""
    return json.dumps(values, default=_plain, allow_nan=False).replace("\x7f", "\\u007f")


def _plain(value: Any) -> object:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON for {type(value)}")


@final
class SpeedMeter:
    """Shows a codec's progress and measures how much faster than real time sound passes."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._first = self._last = (0.0, 0.0)

    def __call__(self, progress: Progress) -> None:
        """Take seconds of sound done and in all; fewer done than before start over."""
        now = (progress.done, time.perf_counter())
        forward = self._first < now and self._last[0] < progress.done and self._first[1]
        self._first, self._last = self._first if forward else now, now
        self._on_progress(progress)

    @property
    def text(self) -> str:
        """Such as ``120 x real time``; empty where too little passed to tell."""
        sound, elapsed = (self._last[i] - self._first[i] for i in (0, 1))
        return f"{sound / elapsed:.0f} x real time" if sound >= 1.0 and elapsed > 0 else ""
