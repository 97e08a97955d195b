"""Progress, results and numbers as people see them."""

import io
import json
import sys
from pathlib import Path

import pytest

from auricle.cli.formatting import format_duration, format_size
from auricle.cli.options import Output
from auricle.cli.screen import Screen, SpeedMeter
from auricle.progress import Progress


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (3_200_000_000, "3.2 GB"),
    ],
)
def test_size(count: int, text: str):
    assert format_size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.21, "4.2 s"), (185, "3 min 05 s"), (4320, "1 h 12 min"), (59.99, "60.0 s")]
)
def test_duration(seconds: float, text: str):
    assert format_duration(seconds) == text


def test_lines_are_few_where_there_is_no_terminal(capsys, monkeypatch: pytest.MonkeyPatch):
    now = iter(range(0, 1000, 4))
    monkeypatch.setattr("auricle.cli.screen.time.monotonic", lambda: float(next(now)))
    with Screen(Output()).progress("work") as on_progress:
        for share in range(10):
            on_progress(Progress("reading", share, 10, "files"))
    assert capsys.readouterr().err.splitlines() == [f"work {done}0% reading, {done} of 10 files" for done in (2, 5, 8)]


def test_quiet_shows_nothing(capsys):
    screen = Screen(Output(quiet=True))
    with screen.progress("work") as on_progress:
        on_progress(Progress("reading", 1, 2, "files"))
    screen.note("note")
    screen.result("result", {})
    assert capsys.readouterr() == ("", "")


def test_json_speaks_even_when_quiet(capsys):
    Screen(Output(json=True, quiet=True)).result("result", {"path": Path("a.aur"), "kbps": 3.0})
    assert json.loads(capsys.readouterr().out) == {"path": "a.aur", "kbps": 3.0}


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Screen(Output()).progress("work [on] a.wav") as on_progress:
        on_progress(Progress("[half] way", 1, 2, ""))
    assert "work [on] a.wav" in terminal.getvalue() and "[half] way" in terminal.getvalue()


def test_speed_counts_from_the_first_report_and_starts_over(monkeypatch: pytest.MonkeyPatch):
    now = iter([100.0, 101.0, 102.0, 110.0, 111.0])
    monkeypatch.setattr("auricle.cli.screen.time.perf_counter", lambda: next(now))
    with Screen(Output(quiet=True)).progress("work") as on_progress:
        speed = SpeedMeter(on_progress)
        assert speed.text == ""
        for done in (1.0, 21.0, 41.0):
            speed(Progress("coding", done, 100.0, "s"))
        assert speed.text == "20 x real time"
        speed(Progress("coding", 1.0, 100.0, "s"))
        assert speed.text == ""
        speed(Progress("coding", 31.0, 100.0, "s"))
        assert speed.text == "30 x real time"
