"""The file of a run's course: what comes back, and what a crash or a resumption does to it."""

import json
import math
from pathlib import Path

import pytest

from auricle.errors import FormatError, OutputError
from auricle.watch.history import HISTORY, Entry, History, HistoryFile, read_history
from watch.watched import CONFIG, preview, report


def write(folder: Path, *reports, resume: bool = False) -> None:
    with HistoryFile(folder, CONFIG, resume=resume) as file:
        for each in reports:
            file.append(Entry.of(each))


def test_everything_but_the_sounds_comes_back(tmp_path: Path):
    told = report(20, preview=preview(0.6), events=("slower",), bad_steps=3)
    write(tmp_path, report(10), told)
    history = read_history(tmp_path)
    assert history.entries == (Entry.of(report(10)), Entry.of(told))
    assert history.measured[0][1].usage == {"bits": (100.0, 60.0, 1.0)} and history.measured[0][1].rate == 5.5
    assert history.config == CONFIG and history.bad_steps == 3
    assert [(event.step, event.text) for event in history.events] == [(20, "slower")]


def test_numbers_that_are_not_finite_are_null(tmp_path: Path):
    write(tmp_path, report(10, loss=math.nan, terms={"mel": math.inf}, preview=preview(math.nan)))
    lines = (tmp_path / HISTORY).read_text().splitlines()
    values = json.loads(lines[1], parse_constant=lambda name: pytest.fail(name))
    assert values["loss"] is None and values["terms"] == {"mel": None} and values["measured"]["figure"] is None
    (entry,) = read_history(tmp_path).entries
    assert math.isnan(entry.loss) and math.isnan(entry.terms["mel"]) and entry.measured


def test_a_resumed_run_drops_what_lies_beyond_its_first_step(tmp_path: Path):
    write(tmp_path, *(report(step, bad_steps=2) for step in (10, 20, 30, 40)))
    write(tmp_path, report(30, loss=1.0, bad_steps=1), report(40, bad_steps=1), resume=True)
    history = read_history(tmp_path)
    assert [entry.step for entry in history.entries] == [10, 20, 30, 40]
    assert history.entries[2].loss == 1.0
    assert history.bad_steps == 3  # each process counts from 0


def test_going_back_to_a_checkpoint_keeps_the_event(tmp_path: Path):
    write(tmp_path, report(10), report(20, events=("odd",)), report(15, events=("went back to step 12",)))
    history = read_history(tmp_path)
    assert [entry.step for entry in history.entries] == [10, 15]
    assert [event.text for event in history.events] == ["odd", "went back to step 12"]


def test_a_fresh_run_begins_anew(tmp_path: Path):
    write(tmp_path, report(10), report(20))
    write(tmp_path, report(5))
    assert [entry.step for entry in read_history(tmp_path).entries] == [5]


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_line_that_was_cut_short_is_passed_over(tmp_path: Path, cut: int):
    write(tmp_path, report(10), report(20))
    path = tmp_path / HISTORY
    path.write_bytes(path.read_bytes()[:-cut])
    kept = [10, 20] if cut == 1 else [10]
    assert [entry.step for entry in read_history(tmp_path).entries] == kept
    write(tmp_path, report(30), resume=True)
    assert [entry.step for entry in read_history(tmp_path).entries] == [*kept, 30]


@pytest.mark.parametrize("junk", ["", "[]\n12\n", '{"step": "x"}\n', "\x00\x01\n", '{"step": 3, "phase": "a"}\n'])
def test_something_else_is_no_history(tmp_path: Path, junk: str):
    (tmp_path / HISTORY).write_text(junk)
    with pytest.raises(FormatError, match="no history"):
        read_history(tmp_path)


def test_a_folder_without_one(tmp_path: Path):
    with pytest.raises(FormatError, match="can't read"):
        read_history(tmp_path)
    with pytest.raises(OutputError, match="can't write"):
        HistoryFile(tmp_path / "missing", CONFIG, resume=False)


def test_long_runs_are_thinned_but_keep_measurements_and_the_newest():
    history = History()
    for step in range(1, 9001):
        seen = preview(count=0) if step % 1000 == 0 else None
        history = history.plus(Entry.of(report(step, of=9000, preview=seen)))
    assert 2000 < len(history.entries) <= 4096
    assert history.last and history.last.step == 9000
    assert [entry.step for entry, _ in history.measured] == list(range(1000, 9001, 1000))
