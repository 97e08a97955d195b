"""Trainings are processes of their own, one at a time, and are found again from their folders."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import auricle
from auricle.progress import Progress, ignore_progress
from auricle.studio.server.jobs import read_json
from auricle.studio.server.runs import INTENT, OUTCOME, model_file
from auricle.studio.server.workspace import Workspace
from auricle.studio.tasks.training import train_model
from studio.conftest import TINY, RunningStudio, tones

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by number")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder of sounds; what still trains there ends with the test."""
    folder = tones(tmp_path / "sounds")
    yield folder
    for lock in (folder / ".studio" / "jobs").glob("*/lock"):
        number = owner(lock)
        if number and Path(f"/proc/{number}/cmdline").exists() and b"job_process" in cmdline(number):
            os.kill(number, signal.SIGKILL)


def owner(lock: Path) -> int:
    return int(lock.read_text().split(" ")[0] or 0)


def cmdline(number: int) -> bytes:
    return Path(f"/proc/{number}/cmdline").read_bytes()


def begin(studio: RunningStudio, **changes) -> str:
    studio.json("/api/sounds/list")
    return studio.json("/api/train/begin", {**TINY, "budget": {"steps": 100_000}, **changes})["run"]


def process_of(home: Path, studio: RunningStudio, run: str) -> int:
    job = studio.json("/api/train/details", {"id": run})["jobs"][-1]
    return owner(home / ".studio" / "jobs" / job / "lock")


def test_a_run_outlives_its_server_is_found_paused_and_finished_with_a_model_that_works(home: Path, tmp_path: Path):
    first = RunningStudio(home)
    run, second = begin(first), begin(first, title="The next")
    first.until_steps(run, 10)
    number = process_of(home, first, run)
    first.end(signal.SIGKILL)
    again = RunningStudio(home)
    assert b"job_process" in cmdline(number)  # nobody has started it anew
    assert {r["id"]: r["state"] for r in again.json("/api/train/runs")["runs"]} == {run: "running", second: "waiting"}
    again.until_steps(run, 20)
    assert process_of(home, again, run) == number
    again.json("/api/train/want", {"id": second, "intent": "pause"})  # out of the queue
    again.json("/api/train/want", {"id": run, "intent": "finish"})
    ended = again.until(run, "finished")
    assert ended["heard"]["times"] and ended["verdicts"] and ended["outcome"]["held_out"] == 1
    assert [r["state"] for r in again.json("/api/train/runs")["runs"] if r["id"] == second] == ["stopped"]
    model = home / ".studio" / "runs" / run / ended["model"]
    result = auricle.compress(home / "tone 0.wav", tmp_path / "tone.aur", model=model)
    assert result.model == "tiny"
    again.end()


@pytest.mark.slow
def test_a_run_is_paused_killed_and_goes_on_from_its_states(home: Path):
    studio = RunningStudio(home)
    run = begin(studio)
    studio.until_steps(run, 10)
    studio.json("/api/train/want", {"id": run, "intent": "pause"})
    paused = studio.until(run, "paused")
    assert paused["can_resume"]
    step = paused["course"][-1]["step"]
    studio.json("/api/train/resume", {"id": run})
    went_on = studio.until_steps(run, step + 10)
    assert any(entry["step"] > step for entry in went_on["course"])
    os.kill(process_of(home, studio, run), signal.SIGKILL)
    while (lost := studio.json("/api/train/details", {"id": run}))["state"] == "running":
        pass
    assert lost["state"] == "failed" and lost["can_resume"] and "without a word" in lost["error"]
    studio.json("/api/train/resume", {"id": run})
    studio.until_steps(run, step + 10)
    studio.json("/api/train/want", {"id": run, "intent": "finish"})
    assert studio.until(run, "finished")["outcome"]["steps"] > step
    status, reason = studio.refusal("/api/train/resume", {"id": run})
    assert status == 400 and "how much longer" in reason
    studio.json("/api/train/remove", {"id": run})
    assert studio.json("/api/train/runs")["runs"] == []
    studio.end()


def test_a_pause_while_held_out_files_are_measured_is_taken_at_once(tmp_path: Path):
    workspace = Workspace(tones(tmp_path / "sounds"))
    workspace.prepare()
    facts = {**TINY, "size": "base", "adversarial": 0.0, "budget": {"steps": 5.0}, "model": "tiny.auricle.safetensors"}
    run = workspace.new_run(**facts)
    stages = []

    def pause_at_the_end(progress: Progress) -> None:
        stages.append(progress.stage)
        if progress.stage == "measuring held-out files":
            run.file(INTENT).write_text("pause", "utf-8")
            time.sleep(0.3)  # it is looked up a few times a second

    assert train_model(workspace, {"run": run.id}, pause_at_the_end)["outcome"] == "paused"
    assert stages[-1] == "measuring held-out files" and not run.file(OUTCOME).exists()
    run.file(INTENT).unlink()
    assert train_model(workspace, {"run": run.id}, ignore_progress)["outcome"] == "finished"
    outcome = read_json(run.file(OUTCOME))
    assert outcome["steps"] == 5 and outcome["seconds"] > 0 and outcome["table"]


def test_the_sounds_decide_where_nothing_is_named(tmp_path: Path):
    workspace = Workspace(tones(tmp_path / "sounds", rate=44_100))
    workspace.prepare()
    facts = {"title": "Mine", "sounds": {"folder": ""}, "size": "base", "adversarial": 0.0, "budget": {"steps": 1.0}}
    run = workspace.new_run(**facts, base="auto", preset=None, model="mine.auricle.safetensors")
    assert train_model(workspace, {"run": run.id}, ignore_progress)["outcome"] == "finished"
    assert auricle.load(model_file(run)).info.training["preset"] == "music"
    assert read_json(run.file(OUTCOME))["sample_rate"] == 44_100


REFUSED = [
    ({"budget": {"steps": 0}}, "ask for 1 to"),
    ({"budget": {"seconds": 1e9}}, "ask for 1 to"),
    ({"budget": {}}, "how long"),
    ({"sounds": {"folder": "../.."}}, "no such folder"),
    ({"sounds": {"ids": ["../../etc/passwd"]}}, "none of the chosen"),
    ({"sounds": []}, "which sounds"),
    ({"preset": "../x"}, "no preset"),
    ({"base": "../../x.auricle.safetensors"}, "no such run"),
]


def test_what_cannot_be_trained_is_refused_in_a_line(studio: RunningStudio):
    assert "no sounds yet" in studio.refusal("/api/train/begin", {**TINY, "budget": {"steps": 5}})[1]
    studio.upload_sound("a.wav")
    for changes, words in REFUSED:
        status, reason = studio.refusal("/api/train/begin", {**TINY, "budget": {"steps": 5}, **changes})
        assert status == 400 and words in reason, reason
    for path in ("details", "resume", "remove"):
        assert studio.refusal(f"/api/train/{path}", {"id": "../../items"})[0] == 400
    assert studio.json("/api/train/runs")["runs"] == []
