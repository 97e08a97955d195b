"""What every training run needs around its loop: threads, a folder, a record, options that make sense."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from auricle.api.run_record import RunRecord
from auricle.atomic import check_writable
from auricle.data import Corpus
from auricle.errors import AuricleError, OutputError
from auricle.lock import lock_folder
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.training import Report, Run, Task, TrainingDevice, run_training
from auricle.training.loop.checkpoint import Checkpoints
from auricle.training.loop.run_state import CHECKPOINTS
from auricle.training.loop.task import TrainingIntent, always_go_on
from auricle.watch import Recorder


@final
@dataclass(frozen=True)
class TrainingCallbacks:
    """What a training run calls while it goes; each one may be left out.

    Attributes:
        on_corpus: called once, with what the folder holds.
        on_progress: called with what begins, and with how many files are done while they are read or measured.
        on_report: called with the state of training every few steps.
        on_note: called with a line about what could not be done although training goes on.
        intent: asked after every step whether to go on, to pause, or to finish early and keep the best.
    """

    on_corpus: Callable[[Corpus], None] = lambda corpus: None
    on_progress: OnProgress = ignore_progress
    on_report: Callable[[Report], None] = lambda report: None
    on_note: Callable[[str], None] = lambda text: None
    intent: Callable[[], TrainingIntent] = always_go_on

    def enter(self, stage: str) -> None:
        """Report that a stage begins, of which nothing is counted yet."""
        self.on_progress(Progress(stage, 0, 0, ""))


@final
@dataclass(frozen=True)
class TrainingCost:
    """What a run has taken, from its first step on.

    Attributes:
        steps: of training.
        seconds: of training.
        audio_per_second: seconds of sound learned from per second, lately; 0 if nothing was left to do.
    """

    steps: int
    seconds: float
    audio_per_second: float = 0.0

    def provenance(self) -> dict[str, int]:
        """As files state it."""
        return {"steps": self.steps, "seconds": round(self.seconds)}


def note_of_main(device: TrainingDevice, callbacks: TrainingCallbacks) -> Callable[[str], None]:
    """Where notes go that every process of a run has: the first one says them."""
    return callbacks.on_note if device.is_main else lambda line: None


def fit(
    task: Task,
    config: Mapping[str, Any],
    run: Run,
    record: RunRecord,
    trackers: Sequence[str],
    callbacks: TrainingCallbacks,
) -> TrainingCost:
    """Train and record; ``config`` is shown on the run's page.

    A resumed run first says what is not as ``record`` was when it began, unless its settings are others.

    Raises:
        ModelError: they are; and as `run_training`.
    """
    if run.resume:
        Checkpoints(run.folder / CHECKPOINTS).require_config(task.identity)
    callbacks.enter("training")
    report = None
    with ExitStack() as stack:
        recorder = None
        if run.device.is_main:
            record.compare_or_write(run.folder, resume=run.resume, on_note=callbacks.on_note)
            recorder = Recorder(run.folder, config, resume=run.resume, trackers=trackers, on_trouble=callbacks.on_note)
            stack.enter_context(recorder)
        for report in run_training(task, run):
            callbacks.on_report(report)
            if recorder is not None:
                recorder.record(report)
    if report is None:  # nothing was left to do
        clock = Checkpoints(run.folder / CHECKPOINTS).load(task.identity).clock
        return TrainingCost(clock.step, clock.seconds)
    return TrainingCost(report.step, report.seconds, report.audio_per_second)


def check_output(out: Path, *, resume: bool, force: bool) -> None:
    """Refuse early what could not be written at the end; a finished result is never replaced without ``force``.

    Raises:
        OutputError: as `check_writable`.
    """
    if resume and not force and out.is_file():
        raise OutputError(
            f"{out} exists already, so its run has ended: go on with --resume --force, which replaces it, or move it "
            "elsewhere first"
        )
    check_writable(out, force=force)


@contextmanager
def open_run_folder(out: Path, device: TrainingDevice, *, resume: bool, force: bool) -> Iterator[Path]:
    """Where checkpoints and decoded sounds lie, for one process (or its group) at a time; it goes again if a run fails
    before its first checkpoint.

    Raises:
        ModelError: there is no state to go on from.
        OutputError: another run is at work there; or the states of an earlier run lie there and would be lost: neither
            ``resume`` nor ``force`` is true.
    """
    stem = out.name.removesuffix(".safetensors").removesuffix(".auricle")
    folder = out.with_name(stem + ".run")
    fresh = _make_folder(folder)
    states = Checkpoints(folder / CHECKPOINTS)
    with lock_folder(folder) if device.is_main else nullcontext():
        if states and not resume and not force:
            raise OutputError(
                f"{folder} holds the states of an earlier run, up to step {states.last_step}: go on from there with "
                "--resume, or discard them with --force, or name another --out"
            )
        try:
            if resume:
                states.require_any()
            yield folder
        except AuricleError:
            if fresh and not states:
                shutil.rmtree(folder, ignore_errors=True)
            raise


def _make_folder(folder: Path) -> bool:
    """Whether it had to be made."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise OutputError(f"can't make the folder {folder}: {error.strerror}") from error
    return True
