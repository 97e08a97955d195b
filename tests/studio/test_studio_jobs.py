"""Jobs live in processes of their own: one training at a time, found again whatever happens to the server."""

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from auricle import OptionError
from auricle.options.studio import StudioOptions
from auricle.studio.server.guard import Access
from auricle.studio.server.jobs import JobQueue, read_json
from auricle.studio.server.studio import Studio
from auricle.studio.server.worker_client import WorkerClient
from auricle.studio.server.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.prepare()
    return workspace


def states(queue: JobQueue) -> list[str]:
    """The oldest first."""
    return [job["state"] for job in reversed(queue.jobs())]


def until(queue: JobQueue, reached) -> None:
    end = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < end, queue.jobs()
        queue.advance()
        time.sleep(0.1)


def test_never_two_trainings_and_a_queue_that_can_be_cancelled(space: Workspace):
    queue = JobQueue(space)
    first, second, third = (queue.add("read_library", f"job {n}", {}, training=True) for n in range(3))
    queue.advance()
    queue.advance()
    assert states(queue) == ["running", "waiting", "waiting"]
    other = queue.add("read_library", "beside", {})
    queue.advance()
    assert states(queue)[-1] == "running"
    queue.cancel(third)
    assert states(queue)[2] == "cancelled"
    with pytest.raises(OptionError):
        queue.cancel(third)
    until(queue, lambda: set(states(queue)) == {"failed", "cancelled"})  # the folder holds no sound
    assert all("holds no audio files" in job["error"] for job in queue.jobs() if job["id"] in (first, second, other))


def test_a_server_that_was_killed_leaves_jobs_that_the_next_one_finds(space: Workspace):
    queue = JobQueue(space)
    id = queue.add("read_library", "job", {}, training=True)
    later = queue.add("read_library", "later", {}, training=True)
    queue.advance()
    lock = space.jobs / id / "lock"
    until(queue, lambda: lock.exists() and lock.read_text().split(" ")[0].isdigit())
    number = int(lock.read_text().split(" ")[0])
    os.kill(number, signal.SIGSTOP)
    again = JobQueue(space)
    again.advance()
    assert states(again) == ["running", "waiting"]
    os.kill(number, signal.SIGKILL)
    os.kill(number, signal.SIGCONT)
    until(again, lambda: states(again)[0] == "failed")
    assert "without a word" in read_json(space.jobs / id / "status.json")["error"]
    until(again, lambda: states(again)[1] != "waiting")
    until(again, lambda: states(again)[1] == "failed")
    assert later in {job["id"] for job in again.jobs()}


def test_a_running_job_is_cancelled(space: Workspace):
    queue = JobQueue(space)
    id = queue.add("read_library", "job", {})
    queue.advance()
    lock = space.jobs / id / "lock"
    until(queue, lambda: lock.exists() and lock.read_text().split(" ")[0].isdigit())
    queue.cancel(id)
    until(queue, lambda: states(queue)[0] in ("cancelled", "failed"))


def test_a_job_whose_process_can_not_be_started_has_failed_and_the_next_one_starts(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
):
    queue = JobQueue(space)
    id = queue.add("read_library", "job", {})
    monkeypatch.setattr(sys, "executable", str(space.folder / "nowhere"))
    queue.advance()
    assert states(queue) == ["failed"]
    assert "can't be started: No such file" in read_json(space.jobs / id / "status.json")["error"]
    monkeypatch.undo()
    queue.add("read_library", "next", {})
    queue.advance()
    assert states(queue) == ["failed", "running"]
    until(queue, lambda: states(queue) == ["failed", "failed"])  # the folder holds no sound


def test_jobs_go_on_after_what_could_not_be_written(space: Workspace, caplog: pytest.LogCaptureFixture):
    queue, model_worker = JobQueue(space), WorkerClient(space.folder)
    studio = Studio(space, Access("token", 0, StudioOptions()), model_worker, model_worker, queue)
    queue.add("read_library", "job", {})
    hidden = space.jobs.rename(space.state / "hidden")

    async def watched() -> None:
        watching = asyncio.create_task(studio.watch_jobs())
        while not caplog.records:
            await asyncio.sleep(0.05)
        hidden.rename(space.jobs)
        await asyncio.wait_for(studio.job_changes.wait(60), 60)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    asyncio.run(watched())
    assert "waiting" not in states(queue) and len(caplog.records) == 1
    until(queue, lambda: states(queue) == ["failed"])  # the folder holds no sound
