"""Workers on the machines of a Ray cluster: Ray starts them and tells which have died, the rest is as on one machine.

All machines see the same files under the same paths (NFS, Lustre, a mounted bucket with renames), and have the same
Auricle. Each result appears by a rename, so twice the same work leaves one file.
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

from auricle.archive.manifest import FAILED
from auricle.archive.tasks.task import ArchiveTask, FileJob, LoadedModels, Outcome, work_on
from auricle.archive.workers import Workers
from auricle.errors import MachineError
from auricle.extras import require

_TRIES = 3
_ANSWER_SECONDS = 5.0
_DEFAULT_PORT = 6379


@final
@dataclass
class _RemoteWorker:
    actor: Any
    greeting: Any
    is_running: bool = False
    job: FileJob | None = None
    result: Any = None


@final
class RayWorkers(Workers):
    """Up to ``jobs`` actors of one processor each.

    Args:
        task: what they do.
        jobs: how many; as many as the cluster has processors where it is None.
        address: of the cluster, as ``10.0.0.1:6379``, or ``auto`` for the one that this machine is in.

    Raises:
        MachineError: there is no cluster.
        MissingPackageError: Ray is not installed.
    """

    def __init__(self, task: ArchiveTask, jobs: int | None, address: str) -> None:
        self._ray = require("ray", extra="scale", purpose="many machines")
        self._task, self._workers = task, list[_RemoteWorker]()
        self._tries: dict[int, int] = {}
        _connect(self._ray, address)
        self.jobs = jobs or max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    @property
    def busy(self) -> int:
        """Number of files that are worked on."""
        return sum(worker.job is not None for worker in self._workers)

    def submit(self, job: FileJob) -> None:
        """Begin with a file; only if there is room."""
        idle = (worker for worker in self._workers if worker.job is None)
        self._send(next(idle, None) or self._start(), job)

    def wait(self, seconds: float) -> list[Outcome]:
        """What has come to an end, after ``seconds`` at most."""
        results = {worker.result: worker for worker in self._workers if worker.job is not None}
        ready, _ = self._ray.wait(list(results), num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self._ray.wait(list(results), num_returns=len(results), timeout=0)
        outcomes = [outcome for result in ready for outcome in self._received(results[result])]
        self._move_waiting()
        return outcomes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all actors, and leave the cluster."""
        for worker in self._workers:
            with contextlib.suppress(Exception):
                self._ray.kill(worker.actor)
        self._workers.clear()
        self._ray.shutdown()

    def _start(self) -> _RemoteWorker:
        remote = self._ray.remote(num_cpus=1, max_restarts=0)(_Actor)
        actor = remote.remote(self._task, str(Path.cwd()))
        worker = _RemoteWorker(actor, actor.greet.remote())
        self._workers.append(worker)
        return worker

    def _send(self, worker: _RemoteWorker, job: FileJob) -> None:
        worker.job, worker.result = job, worker.actor.work.remote(job)

    def _received(self, worker: _RemoteWorker) -> Iterator[Outcome]:
        job = worker.job
        assert job is not None
        try:
            outcome = self._ray.get(worker.result)
        except self._ray.exceptions.RayError:
            yield from self._died(worker, job)
            return
        worker.job, worker.is_running = None, True
        yield outcome

    def _died(self, worker: _RemoteWorker, job: FileJob) -> Iterator[Outcome]:
        """An actor or its machine has gone: try the file elsewhere."""
        self._workers.remove(worker)
        with contextlib.suppress(Exception):
            self._ray.kill(worker.actor)
        tries = self._tries[job.number] = self._tries.get(job.number, 1) + 1
        if tries <= _TRIES:
            self.submit(job)
            return
        text = f"{job.source} ends the process that reads it, {_TRIES} times: it was left out"
        yield Outcome(job.number, replace(job.record, state=FAILED, error=text))

    def _move_waiting(self) -> None:
        """Files of actors that wait for a processor go to those that have one and nothing to do."""
        for worker in self._workers:
            if not worker.is_running:
                worker.is_running = bool(self._ray.wait([worker.greeting], timeout=0)[0])
        idle = [worker for worker in self._workers if worker.is_running and worker.job is None]
        waiting = [worker for worker in self._workers if not worker.is_running and worker.job is not None]
        for free, stuck in zip(idle, waiting, strict=False):
            job = stuck.job
            assert job is not None
            self._ray.kill(stuck.actor)
            self._workers.remove(stuck)
            self._send(free, job)


@final
class _Actor:
    """A process on one of the machines."""

    def __init__(self, task: ArchiveTask, folder: str) -> None:
        with contextlib.suppress(OSError):  # relative paths lead to the same files
            os.chdir(folder)
        self._task, self._models = task, LoadedModels()

    def greet(self) -> bool:
        """Tell that it runs."""
        return True

    def work(self, job: FileJob) -> Outcome:
        return work_on(job, self._task, self._models)


def _connect(ray: Any, address: str) -> None:
    _check_answer(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except Exception as error:  # Ray raises what it likes
        reason = " ".join(str(error).split())[:200]
        raise MachineError(f"no Ray cluster at {address} ({reason}): start one with `ray start --head`") from error


def _check_answer(address: str) -> None:
    """Ask before Ray does, which waits for minutes."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        number = int(port) if host else _DEFAULT_PORT
        with socket.create_connection((host or port, number), _ANSWER_SECONDS):
            return
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else "no address"
        raise MachineError(
            f"no Ray cluster at {address} ({reason}): start one with `ray start --head`, or give its HOST:PORT"
        ) from error
