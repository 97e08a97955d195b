"""Processes that work on files. One that dies takes its file with it, and nothing else."""

import contextlib
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Self, final

from auricle.archive.manifest import FAILED
from auricle.archive.tasks.task import ArchiveTask, FileJob, LoadedModels, Outcome, work_on
from auricle.held_signals import end_on_signals, signals_held

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_TRIES = 2
_END_SECONDS = 10.0


class Workers(ABC):
    """Processes that each have one file at a time. A context manager, at whose end none is left.

    Attributes:
        jobs: how many there are at most.
    """

    jobs: int

    @property
    def has_room(self) -> bool:
        """Whether another file can be taken."""
        return self.busy < self.jobs

    @property
    @abstractmethod
    def busy(self) -> int:
        """Number of files that are worked on."""

    @abstractmethod
    def submit(self, job: FileJob) -> None:
        """Begin with a file; only if there is room."""

    @abstractmethod
    def wait(self, seconds: float) -> list[Outcome]:
        """What has come to an end, after ``seconds`` at most."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@final
@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Any
    job: FileJob | None = None


@final
class WorkerProcesses(Workers):
    """Processes of this machine.

    Args:
        task: what they do.
        jobs: how many there are at most; they are started when they are needed.
    """

    def __init__(self, task: ArchiveTask, jobs: int) -> None:
        self._task, self.jobs = task, jobs
        self._workers: list[_Worker] = []
        self._tries: dict[int, int] = {}
        self._context = get_context("spawn")

    @property
    def busy(self) -> int:
        """Number of files that are worked on."""
        return sum(worker.job is not None for worker in self._workers)

    def submit(self, job: FileJob) -> None:
        """Begin with a file; only if there is room."""
        worker = next((worker for worker in self._workers if worker.job is None), None) or self._start()
        self._send(worker, job)

    def wait(self, seconds: float) -> list[Outcome]:
        """What has come to an end, after ``seconds`` at most."""
        waiting = [
            handle for worker in self._workers if worker.job for handle in (worker.pipe, worker.process.sentinel)
        ]
        ready = set(map(id, connection.wait(waiting, seconds)))
        return [
            outcome
            for worker in list(self._workers)
            if worker.job is not None and not ready.isdisjoint((id(worker.pipe), id(worker.process.sentinel)))
            for outcome in self._received(worker, worker.job)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes: those that work are told to drop it, and remove what is half-written."""
        for worker in self._workers:
            if worker.job is not None:
                worker.process.terminate()
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(_END_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._task), daemon=True)
        with signals_held():
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _send(self, worker: _Worker, job: FileJob) -> None:
        worker.job = job
        with contextlib.suppress(OSError):  # it has died: `wait` sees that
            worker.pipe.send(job)

    def _received(self, worker: _Worker, job: FileJob) -> Iterator[Outcome]:
        try:
            outcome = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._died(worker, job)
            return
        worker.job = None
        yield outcome

    def _died(self, worker: _Worker, job: FileJob) -> Iterator[Outcome]:
        """Try the file once more in a fresh process; then give it up."""
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        tries = self._tries[job.number] = self._tries.get(job.number, 1) + 1
        if tries <= _TRIES:
            self._send(self._start(), job)
            return
        code = worker.process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        text = f"{job.source} ends the process that reads it ({how}), {_TRIES} times: it was left out"
        yield Outcome(job.number, replace(job.record, state=FAILED, error=text))


def _serve(pipe: Any, task: ArchiveTask) -> None:
    """The life of a process: files until the pipe ends, or whoever handed them out does."""
    end_on_signals(unwind=True)
    if "numpy" not in sys.modules:  # files are what is shared out, not threads
        os.environ.update({name: "1" for name in _THREADS if name not in os.environ})
    models = LoadedModels()
    with contextlib.suppress(EOFError, OSError):
        while True:
            job = pipe.recv()
            pipe.send(work_on(job, task, models))
