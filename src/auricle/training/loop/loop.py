"""The training loop: a generator of reports, so that whoever runs it decides what to show."""

import time
from collections.abc import Iterator

from auricle.errors import ModelError, PausedError
from auricle.training.engine.prefetch import Prefetcher
from auricle.training.engine.report import Report
from auricle.training.loop.means import RunningMeans
from auricle.training.loop.run_state import RunState
from auricle.training.loop.schedule import Clock, spans
from auricle.training.loop.task import Run, Task, TrainingIntent, always_go_on
from auricle.training.loop.worker import Worker

_REPLAN_STEPS = 20
_BAD_STEPS = 5  # so many in a row, and the run goes back to its last checkpoint
_MOST_RESTORED = 6


def run_training(task: Task, run: Run) -> Iterator[Report]:
    """Train a task's module in place; yields a report every few steps and after the last one.

    In the end the module has the averaged weights, on the CPU. The same task and budget in steps give the same weights
    on the same machine, also when the run was interrupted and resumed: batches and noise depend on seed and step alone.

    Raises:
        ModelError: the numbers were not finite again and again, or the checkpoint does not fit.
        OutputError: the run's folder can't be written.
        MachineError: another process of the run has ended.
        PausedError: ``run.intent`` asked for it; the state is saved.
    """
    with run.device.name_lost_processes():
        yield from _train(task, run)


def _train(task: Task, run: Run) -> Iterator[Report]:
    run_state, phase_spans, means = RunState(task, run), spans(task.phases), RunningMeans()
    clock, worker = run_state.start_or_resume()
    step_seconds = run.device.shards * task.batch_seconds
    with Prefetcher(task.batch, run.device) as prefetcher:
        previous = time.perf_counter()
        while not clock.done:
            if phase_spans[clock.phase].done(clock.progress) >= 1.0:
                if means.count:
                    yield means.report(clock, task.phases[clock.phase].name, step_seconds)
                    means = means.after_report()
                clock, worker = clock.enter(clock.phase + 1), run_state.next_worker(worker, clock.phase + 1)
            started = time.perf_counter()
            result = worker.step(prefetcher.take(clock.step), clock)
            now = time.perf_counter()
            means = means.add(result, now - started)
            clock, previous = clock.tick(now - previous), now
            if clock.step % _REPLAN_STEPS == 0 or clock.stride == 0.0:
                pace, spent = run.device.broadcast_from_main(means.seconds_per_step, clock.seconds)
                clock = clock.at(spent).plan(run.budget, pace)
            if means.bad_in_a_row >= _BAD_STEPS:
                clock, worker, means = _go_back(run_state, clock, means)
            intent = _agreed_intent(run)
            if intent is TrainingIntent.finish:
                clock = clock.finished()
            means = means.with_preview(run_state.evaluate_and_save(worker, clock))
            if clock.step % run.report_steps == 0 or clock.done:
                yield means.report(clock, task.phases[clock.phase].name, step_seconds)
                means = means.after_report()
            if intent is TrainingIntent.pause and not clock.done:
                run_state.save(worker, clock)
                raise PausedError(f"paused at step {clock.step}: --resume goes on from there")
    run_state.finalise(worker)


def _agreed_intent(run: Run) -> TrainingIntent:
    """What is to be done after a step: the first process asks, so that all do alike."""
    if run.intent is always_go_on:
        return TrainingIntent.go_on
    (number,) = run.device.broadcast_from_main(float(run.intent().value))
    return TrainingIntent(int(number))


def _go_back(run_state: RunState, clock: Clock, means: RunningMeans) -> tuple[Clock, Worker, RunningMeans]:
    """Restore the last checkpoint, at half the learning rate."""
    if clock.restored >= _MOST_RESTORED:
        raise ModelError(
            f"the numbers were not finite again at step {clock.step}, after {clock.restored} restorations: "
            "use a lower learning rate or float32"
        )
    restored, worker = run_state.restore()
    clock = restored.slow_down(clock)
    event = (
        f"{means.bad_in_a_row} steps in a row were not finite: went back to step {clock.step} "
        f"and lowered the learning rate to {clock.slowdown:g} of its plan"
    )
    return clock, worker, means.with_event(event).after_restoration()
