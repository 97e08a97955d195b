"""One front for history, trackers and page: what it writes, what it costs, and that it never ends a run."""

import time
from pathlib import Path

import numpy as np
import pytest

from auricle.errors import OptionError, OutputError
from auricle.watch import HISTORY, PAGE, Recorder, read_history
from auricle.watch import recorder as front
from watch.watched import CONFIG, course, preview, report


def test_everything_is_written(tmp_path: Path):
    with Recorder(tmp_path, CONFIG) as recorder:
        recorder.record(report(10))
        recorder.record(report(20, preview=preview()))
        assert recorder.page == tmp_path / PAGE and "data-refresh" in recorder.page.read_text()
    assert {path.name for path in tmp_path.iterdir()} == {HISTORY, PAGE, "tensorboard"}
    assert "data-refresh=" not in recorder.page.read_text() and "Stopped at 2%" in recorder.page.read_text()
    assert read_history(tmp_path).entries == recorder.history.entries
    recorder.close()


def test_a_resumed_run_shows_what_was_before(tmp_path: Path):
    for first, resume in ((10, False), (30, True)):
        with Recorder(tmp_path, CONFIG, resume=resume, trackers=()) as recorder:
            for step in (first, first + 10, first + 20):
                recorder.record(report(step))
    assert [entry.step for entry in recorder.history.entries] == [10, 20, 30, 40, 50]
    assert read_history(tmp_path).entries == recorder.history.entries
    with Recorder(tmp_path, CONFIG, trackers=()) as fresh:
        assert fresh.history.last is None


def test_the_page_is_drawn_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drawn = []
    monkeypatch.setattr(front, "page", lambda view, now: drawn.append(view.history.last.step) or "x")
    with Recorder(tmp_path, CONFIG, trackers=(), refresh_seconds=1000) as recorder:
        for step in range(1, 31):
            recorder.record(report(step, preview=preview(count=0) if step % 10 == 0 else None))
    assert drawn == [1, 10, 20, 30, 30]


def test_drawing_that_takes_long_is_done_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(front, "_GRACE_SECONDS", 0.1)
    drawn: list[int] = []
    monkeypatch.setattr(front, "page", lambda view, now: drawn.append(len(drawn)) or time.sleep(0.2) or "x")
    with Recorder(tmp_path, CONFIG, trackers=(), refresh_seconds=0.0) as recorder:
        for step in range(1, 31):
            recorder.record(report(step, preview=preview(count=0)))
        assert len(drawn) == 1  # of 30: the first one used up what may be spent
        assert recorder.cost > 0.2


def test_a_report_costs_little(tmp_path: Path):
    reports = course(400, every=1000)
    with Recorder(tmp_path, CONFIG, refresh_seconds=1000) as recorder:
        recorder.record(reports[0])
        before = recorder.cost
        for each in reports[1:]:
            recorder.record(each)
        assert (recorder.cost - before) / len(reports) < 0.01


def test_a_page_that_cannot_be_written_is_told_once(tmp_path: Path):
    told: list[str] = []
    (tmp_path / PAGE).mkdir()
    with Recorder(tmp_path, CONFIG, trackers=(), refresh_seconds=0.0, on_trouble=told.append) as recorder:
        for step in (10, 20, 30):
            recorder.record(report(step))
    assert len(told) == 1 and told[0].startswith("the page can't go on") and "training goes on" in told[0]
    assert len(read_history(tmp_path).entries) == 3


def test_a_full_disk_does_not_end_the_run(tmp_path: Path):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, which only Linux has")
    (tmp_path / HISTORY).symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left"):
        Recorder(tmp_path, CONFIG, trackers=())
    (tmp_path / HISTORY).unlink()
    told: list[str] = []
    with Recorder(tmp_path, CONFIG, trackers=(), on_trouble=told.append) as recorder:
        recorder._file._file.close()
        recorder._file._file = Path("/dev/full").open("w")  # noqa: SIM115
        for step in (10, 20):
            recorder.record(report(step))
        recorder._file._file = (tmp_path / HISTORY).open("a")
        recorder.record(report(30))
    assert len(told) == 1 and "history" in told[0] and "No space left" in told[0]
    assert [entry.step for entry in read_history(tmp_path).entries] == [30]


def test_an_unknown_tracker_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(OptionError, match=r"no tracker 'tensorbord': choose one of .*tensorboard"):
        Recorder(tmp_path, CONFIG, trackers=("tensorbord",))
    assert not list(tmp_path.iterdir())


def test_sounds_of_the_last_preview_stay_on_the_page(tmp_path: Path):
    with Recorder(tmp_path, CONFIG, trackers=(), refresh_seconds=0.0) as recorder:
        recorder.record(report(10, preview=preview(count=1)))
        once = recorder.page.read_text()
        recorder.record(report(20))
        assert recorder.page.read_text().count("<audio") == once.count("<audio") == 2


def test_originals_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from auricle.watch import page

    drawn: list[str] = []
    plain = page.player
    monkeypatch.setattr(page, "player", lambda shown, graph: drawn.append(shown.label) or plain(shown, graph))
    seen = preview(count=2)
    with Recorder(tmp_path, CONFIG, trackers=(), refresh_seconds=0.0) as recorder:
        recorder.record(report(10, preview=seen))
        recorder.record(report(20, preview=seen))
    assert sorted(drawn) == ["Decoded"] * 4 + ["Original"] * 2
    assert np.isfinite(recorder.cost)
