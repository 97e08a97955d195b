"""Longer work: each job is a process of its own that goes on whatever happens to the server, and is found again.

A job's folder holds ``job.json`` (what is asked), ``status.json`` (how far it is) and ``lock``, which the process holds
while it lives.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from auricle.atomic import atomic_write
from auricle.errors import OptionError
from auricle.lock import try_lock
from auricle.studio.server.workspace import Workspace

LOCK, STATUS, _JOB = "lock", "status.json", "job.json"
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
_ENDED = (DONE, FAILED, CANCELLED)
_START_SECONDS = 60.0
_LISTED = 200


def write_status(folder: Path, **values: Any) -> None:
    """Replace what is told of a job."""
    with atomic_write(folder / STATUS, force=True) as file:
        file.write_text(json.dumps(values), "utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """A file's values; none where it is missing or damaged."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


@final
class JobQueue:
    """Jobs in the order in which they were asked for: one training at a time, and one other job beside it.

    Args:
        workspace: whose jobs.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: dict[str, dict[str, Any]] = {}

    def add(self, task: str, title: str, arguments: dict[str, Any], *, training: bool = False) -> str:
        """Ask for a job; its name."""
        id = f"{int(1000 * time.time()):012x}{secrets.token_hex(2)}"
        folder = self._workspace.jobs / id
        folder.mkdir()
        write_status(folder, state=WAITING)
        with atomic_write(folder / _JOB) as file:
            values = {"task": task, "title": title, "arguments": arguments, "training": training}
            file.write_text(json.dumps({**values, "asked": time.time()}), "utf-8")
        return id

    def jobs(self) -> list[dict[str, Any]]:
        """What is to be told of every job, the newest first."""
        folders = sorted((folder for folder in self._workspace.jobs.iterdir() if folder.is_dir()), reverse=True)
        listed = [self.job(folder.name) for folder in folders[:_LISTED]]
        return [job for job in listed if job]

    def job(self, id: str) -> dict[str, Any]:
        """What is to be told of one job; nothing where there is none."""
        if id not in self._ended:
            job, status = (read_json(self._workspace.jobs / id / name) for name in (_JOB, STATUS))
            values = {"id": id, **job, **status} if job and status else {}
            if values.get("state") not in _ENDED:
                return values
            self._ended[id] = values
        return self._ended[id]

    def cancel(self, id: str) -> None:
        """End a job, or take one that waits out of the queue.

        Raises:
            OptionError: there is no such job, or it has ended.
        """
        folder = self._workspace.jobs / id
        status = read_json(folder / STATUS) if id.isalnum() else {}
        if status.get("state") == WAITING:
            write_status(folder, state=CANCELLED)
        elif status.get("state") == RUNNING and (process := _owner(folder)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGINT)
        else:
            raise OptionError("this job has ended already")

    def advance(self) -> None:
        """Note what has died, and start what may begin."""
        busy: set[bool] = set()
        waiting = []
        for job in reversed(self.jobs()):
            if job["state"] == RUNNING and self._is_alive(job):
                busy.add(job["training"])
            elif job["state"] == WAITING:
                waiting.append(job)
        for job in waiting:
            if job["training"] not in busy:
                busy.add(job["training"])
                self._start(job["id"])

    def _is_alive(self, job: dict[str, Any]) -> bool:
        folder = self._workspace.jobs / job["id"]
        child = self._children.get(job["id"])
        if child is not None and child.poll() is None:
            return True
        if _owner(folder) is not None:
            return True
        if child is None and time.time() - job.get("started", 0.0) < _START_SECONDS and not (folder / LOCK).exists():
            return True  # of a server that was killed meanwhile; the process may still be loading
        self._children.pop(job["id"], None)
        if read_json(folder / STATUS).get("state") == RUNNING:  # it may have ended between our two looks
            write_status(folder, state=FAILED, error="its process ended without a word: see log.txt in its folder")
        return False

    def _start(self, id: str) -> None:
        folder = self._workspace.jobs / id
        write_status(folder, state=RUNNING, started=time.time(), share=0.0, text="starting")
        try:
            with (folder / "log.txt").open("ab") as log:
                self._children[id] = subprocess.Popen(
                    [sys.executable, "-P", "-m", "auricle.studio.job_process", str(self._workspace.folder), id],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            write_status(folder, state=FAILED, error=f"its process can't be started: {error.strerror or error}")


def _owner(folder: Path) -> int | None:
    """The number of the process that holds a job's lock; None where nobody does."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return None
    try:
        try_lock(descriptor)
    except BlockingIOError:
        number = os.read(descriptor, 32).split(b" ")[0]
        return int(number) if number.isdigit() else None
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None
