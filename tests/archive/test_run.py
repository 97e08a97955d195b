"""The engine: what is done, what is skipped, what fails, and how it goes on."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from copy_task import CopyTask, contents

from auricle.archive.run import ArchiveResult, run_archive
from auricle.errors import AuricleError, OptionError, OutputError
from auricle.options.archive import ArchiveOptions
from auricle.progress import Progress


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def errors(result: ArchiveResult) -> dict[str, str]:
    return {record.source: record.error for record in result.failed}


def runs(task: CopyTask) -> int:
    return task.log.read_text().count("ran") if task.log.exists() else 0


def test_folders_dates_and_figures_are_kept(folder: Path, out: Path, task: CopyTask):
    progress: list[Progress] = []
    result = run_archive(task, [folder], out, options=ArchiveOptions(jobs=2), on_progress=progress.append)
    assert sorted(contents(out)) == ["a.copy", "low/b.copy", "low/deep/c.copy"]
    assert {path.stat().st_mtime for path in out.rglob("*.copy")} == {1e9}
    assert (len(result.done), result.skipped, result.others, result.seconds) == (3, 0, 1, 6.0)
    assert progress[-1].done == progress[-1].total == 3 and "h of sound" in progress[-1].stage
    assert task.log.read_text().count("loaded") <= 2  # once a process
    records = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    (record,) = (record for record in records if record.get("source") == "a.wav")
    assert record["state"] == "done" and record["bytes"] == 11 and len(record["sha256"]) == 64


def test_what_is_done_and_unchanged_is_skipped(folder: Path, out: Path, task: CopyTask):
    run_archive(task, [folder], out)
    (folder / "a.wav").write_text("sound that is new")
    os.utime(folder / "low" / "b.wav", (2e9, 2e9))
    result = run_archive(task, [folder], out)
    assert result.skipped == 2 and runs(task) == 4  # b has another date and the same contents: nothing is done anew
    assert (out / "a.copy").read_text() == "sound that is new"
    assert (out / "low" / "b.copy").stat().st_mtime == 2e9
    (out / "a.copy").unlink()
    assert run_archive(task, [folder], out).skipped == 2 and (out / "a.copy").exists()


def test_one_bad_file_and_one_that_kills_its_process_are_lines(folder: Path, out: Path, task: CopyTask):
    (folder / "bad.wav").write_text("bad ")
    (folder / "crash.wav").write_text("crash ")
    (folder / "gone.wav").symlink_to(folder / "nowhere.wav")
    result = run_archive(task, [folder], out)
    assert len(result.done) == 3
    assert errors(result)["bad.wav"].endswith("is bad") and "SIGKILL" in errors(result)["crash.wav"]
    assert "does not exist" in errors(result)["gone.wav"]
    (folder / "bad.wav").write_text("good now")
    assert len(run_archive(task, [folder], out).failed) == 2


def test_two_sources_of_one_target_are_both_left_out(folder: Path, out: Path, task: CopyTask):
    (folder / "a.flac").write_text("sound")
    result = run_archive(task, [folder], out)
    assert set(errors(result)) == {"a.wav", "a.flac"} and "would both become" in errors(result)["a.wav"]
    assert sorted(contents(out)) == ["low/b.copy", "low/deep/c.copy"]


def test_places_that_can_not_be_written(folder: Path, tmp_path: Path, task: CopyTask):
    (tmp_path / "file").write_text("words")
    with pytest.raises(OutputError, match="is a file: name the folder"):
        run_archive(task, [folder], tmp_path / "file")
    with pytest.raises(OptionError, match="lies inside"):
        run_archive(task, [folder], folder / "low" / "out")
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(OptionError, match="lies inside"):
        run_archive(task, [folder], tmp_path / "link")
    with pytest.raises(OptionError, match="nowhere to write"):
        run_archive(task, [folder])
    assert not (folder / "low" / "out").exists()


def test_what_others_have_written_stays(folder: Path, out: Path, task: CopyTask):
    out.mkdir()
    (out / "a.copy").write_text("mine")
    assert "exists already" in errors(run_archive(task, [folder], out))["a.wav"]
    assert (out / "a.copy").read_text() == "mine"
    assert not run_archive(task, [folder], out, force=True).failed
    assert (out / "a.copy").read_text() == "sound a.wav"


def test_other_settings_are_not_mixed_in(folder: Path, out: Path, task: CopyTask):
    run_archive(task, [folder], out)
    other = replace(task, flavour="sweet")
    with pytest.raises(OptionError, match=r"other settings .flavour , now sweet"):
        run_archive(other, [folder], out)
    run_archive(other, [folder], out, force=True)
    assert all(data.endswith(b"sweet") for data in contents(out).values())


def test_checks_are_made_where_they_are_asked_for(folder: Path, out: Path, task: CopyTask):
    run_archive(task, [folder], out)
    result = run_archive(task, [folder], out, checked_share=1.0)
    assert result.skipped == 3 and runs(task) == 3
    assert [record.result["check"]["bytes"] for record in result.done] == [11, 15, 21]
    assert run_archive(task, [folder], out, checked_share=0.5).skipped == 3


def test_what_every_file_needs_ends_the_run(folder: Path, out: Path, task: CopyTask):
    (folder / "a.wav").write_text("common ")
    with pytest.raises(AuricleError, match="no model 'x'"):
        run_archive(task, [folder], out)


def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(folder: Path, out: Path, task: CopyTask, tmp_path: Path):
    (folder / "low" / "b.wav").write_text("full ")
    with pytest.raises(AuricleError, match=r"No space left.*make room, and the same command goes on"):
        run_archive(task, [folder], out)
    (tmp_path / "room").touch()
    result = run_archive(task, [folder], out)
    assert result.skipped >= 1 and not result.failed and len(result.done) == 3


def test_a_line_that_was_cut_off_counts_as_not_written(folder: Path, out: Path, task: CopyTask):
    run_archive(task, [folder], out)
    ledger = out / "manifest.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-20])
    result = run_archive(task, [folder], out)
    assert result.skipped == 2 and not result.failed
    assert run_archive(task, [folder], out).skipped == 3
    ledger.write_text("these are words\n")
    with pytest.raises(OutputError, match="is no manifest"):
        run_archive(task, [folder], out)


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX systems only")
def test_names_of_other_encodings_go_through(folder: Path, out: Path, task: CopyTask):
    name = os.fsdecode(b"caf\xe9\n.wav")
    (folder / name).write_text("sound")
    assert not run_archive(task, [folder], out).failed
    assert run_archive(task, [folder], out).skipped == 4
    assert (out / os.fsdecode(b"caf\xe9\n.copy")).read_text() == "sound"


SCRIPT = """
import sys
from pathlib import Path
from auricle.archive.run import run_archive
from auricle.options.archive import ArchiveOptions
from copy_task import CopyTask

if __name__ == "__main__":
    folder, out, log = map(Path, sys.argv[1:])
    try:
        run_archive(CopyTask(log), [folder], out, options=ArchiveOptions(jobs=2), on_note=print)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.fixture
def slow(folder: Path, tmp_path: Path) -> subprocess.Popen[str]:
    """A process that is in the middle of 60 files."""
    for number in range(60):
        (folder / f"{number:02d}.wav").write_text(f"slow {number}")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), str(tmp_path / "out"), str(tmp_path / "log")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores it
    )
    while not (tmp_path / "log").exists() or (tmp_path / "log").read_text().count("ran") < 5:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


def test_killed_it_goes_on_to_the_same_bytes(
    slow: subprocess.Popen[str], folder: Path, out: Path, task: CopyTask, tmp_path: Path
):
    slow.kill()
    slow.communicate()
    unbroken = tmp_path / "unbroken"
    result = run_archive(task, [folder], out)
    assert not result.failed and 0 < result.skipped < 63
    run_archive(CopyTask(tmp_path / "other"), [folder], unbroken)
    assert contents(out) == contents(unbroken)  # nothing half-written either


def test_an_interrupt_finishes_what_is_held(slow: subprocess.Popen[str], folder: Path, out: Path, task: CopyTask):
    os.killpg(slow.pid, signal.SIGINT)  # as a terminal does: to all processes
    said, problems = slow.communicate(timeout=60)
    assert slow.returncode == 130 and not problems
    assert "the same command goes on from here" in said
    records = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    done = [record for record in records if record.get("state") == "done"]
    assert len(done) == runs(task) == len(contents(out)) < 63
    assert not run_archive(task, [folder], out).failed


def test_two_runs_do_not_mix(slow: subprocess.Popen[str], folder: Path, out: Path, task: CopyTask):
    with pytest.raises(OutputError, match=f"process {slow.pid} is writing"):
        run_archive(task, [folder], out)
    slow.terminate()
    slow.communicate()
    shutil.rmtree(out)


def test_a_target_that_keeps_dates_to_two_seconds_is_known_again(folder: Path, out: Path, task: CopyTask):
    os.utime(folder / "a.wav", ns=(0, 1_000_000_001_234_567_891))
    run_archive(task, [folder], out)
    os.utime(out / "a.copy", (1_000_000_000, 1_000_000_000))  # as FAT does it
    result = run_archive(task, [folder], out)
    assert result.skipped == 3 and not result.failed
    os.utime(out / "a.copy", (1_000_000_004, 1_000_000_004))  # somebody has written it
    assert "exists already" in errors(run_archive(task, [folder], out))["a.wav"]
