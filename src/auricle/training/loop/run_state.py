"""Measures a run on held-out sound, saves it, and brings it back."""

import math
from typing import final

from auricle.training.engine.report import Preview
from auricle.training.loop.checkpoint import Checkpoints, Snapshot
from auricle.training.loop.schedule import Clock, spans
from auricle.training.loop.task import Run, Task
from auricle.training.loop.worker import Worker

CHECKPOINTS = "checkpoints"
_CLEARLY_BETTER = 0.98  # share of the last figure that an earlier state must reach to be taken instead
_SHORTEST_PAUSE, _LONGEST_PAUSE = 30.0, 600.0  # seconds between two measurements


@final
class RunState:
    """Holds what a run could lose.

    Args:
        task: a resumed run must have the same.
        run: where and how long.
    """

    def __init__(self, task: Task, run: Run):
        self._task, self._run = task, run
        self._checkpoints = Checkpoints(run.folder / CHECKPOINTS)
        self._best: float | None = None
        self._last: float | None = None
        self._saved_at, self._measured_at = 0.0, Clock()

    def start_or_resume(self) -> tuple[Clock, Worker]:
        """Start, or go on from the newest checkpoint."""
        if self._run.resume:
            clock, worker = self.restore()
            if clock.done:
                self._run.on_note(f"nothing is left to do: {self._run.budget} are spent, raise the budget to go on")
            return clock, worker
        if self._run.device.is_main:
            self._checkpoints.clear()
        clock = Clock() if self._run.budget.steps is None else Clock().plan(self._run.budget, 0.0)
        worker = self._worker(clock.phase)
        self.save(worker, clock)
        return clock, worker

    def restore(self) -> tuple[Clock, Worker]:
        """The state of the newest checkpoint, in a run of the budget that holds now."""
        self._run.device.wait_for_everyone()
        snapshot = self._checkpoints.load(self._task.identity, self._run.on_note)
        clock = self._clock_of(snapshot)
        self._saved_at, self._measured_at = clock.seconds, clock
        if clock.phase < snapshot.clock.phase:
            self._task.rewind(snapshot.tensors)
            self._best = self._last = None
            return clock, self._worker(clock.phase)
        worker = self._worker(clock.phase)
        worker.load(snapshot.tensors, snapshot.balance)
        self._best, self._last = snapshot.best, snapshot.figure
        return clock, worker

    def _clock_of(self, snapshot: Snapshot) -> Clock:
        clock, budget = snapshot.clock, self._run.budget
        if snapshot.budget is None or snapshot.budget == budget:
            return clock
        self._run.on_note(f"the budget is {budget} now, {snapshot.budget} before: going on from step {clock.step}")
        return clock.for_budget(budget, spans(self._task.phases), rewinds=self._task.rewinds)

    def next_worker(self, worker: Worker, phase: int) -> Worker:
        """Begin a phase with the averaged weights of the one before."""
        self._apply_average(worker)
        self._best = self._last = None
        return self._worker(phase)

    def evaluate_and_save(self, worker: Worker, clock: Clock) -> Preview | None:
        """After a step: measure and save if it is time; the measurement."""
        if not self._run.device.is_main:
            return None
        preview, better = self._measure(worker, clock), False
        if preview is not None:
            better = math.isfinite(preview.figure) and (self._best is None or preview.figure < self._best)
            self._last, self._best = preview.figure, preview.figure if better else self._best
        if better or clock.done or clock.seconds - self._saved_at > self._run.save_seconds:
            self.save(worker, clock, best=better)
        return preview

    def save(self, worker: Worker, clock: Clock, *, best: bool = False) -> None:
        """Write a checkpoint, on the first process."""
        if self._run.device.is_main:
            state, balance, budget = worker.state(), worker.balance, self._run.budget
            snapshot = Snapshot(state, clock, self._task.identity, self._last, self._best, balance, budget)
            self._checkpoints.save(snapshot, best=best)
        self._saved_at = clock.seconds

    def finalise(self, worker: Worker) -> None:
        """Give the module the averaged weights, on the CPU."""
        self._apply_average(worker)
        self._task.module.to("cpu")

    def _apply_average(self, worker: Worker) -> None:
        """The last averaged weights of a phase, or its best ones if they were clearly better."""
        earlier_is_better = (
            self._best is not None
            and self._last is not None
            and self._best < _CLEARLY_BETTER * self._last
            and worker.phase.adversary is None  # an adversary may raise the distance and yet sound better
        )
        best = self._checkpoints.load_best(self._task.identity) if earlier_is_better else None
        if best is not None and best.figure == self._best:  # else it was lost: the last ones are good enough
            worker.load(best.tensors)
        worker.average.apply()

    def _worker(self, phase: int) -> Worker:
        return self._task.worker(phase, self._run.device)

    def _measure(self, worker: Worker, clock: Clock) -> Preview | None:
        if not (self._is_due(clock) or clock.done):
            return None
        self._measured_at = clock
        with worker.average.applied():
            return self._task.measure()

    def _is_due(self, clock: Clock) -> bool:
        """By steps where the budget is in steps, so that such a run can be repeated; else by the clock."""
        if self._run.budget.seconds is None:
            now, before = (int(at.progress * self._run.previews + 1e-6) for at in (clock, self._measured_at))
            return now > before
        pause = min(max(self._run.budget.seconds / self._run.previews, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        return clock.seconds - self._measured_at.seconds >= pause
