"""What every training run needs around its loop: threads, a folder, sounds, a record, options that make sense."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch

from auricle.data import AudioCache, Corpus, Rejected, Sound, scan, split
from auricle.data.remote import is_url, local_copy
from auricle.errors import AuricleError, OutputError
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.training import Report, Run, Task, TrainingDevice, run_training
from auricle.training.loop.checkpoint import Checkpoints
from auricle.training.loop.run_state import CHECKPOINTS
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
    """

    on_corpus: Callable[[Corpus], None] = lambda corpus: None
    on_progress: OnProgress = ignore_progress
    on_report: Callable[[Report], None] = lambda report: None
    on_note: Callable[[str], None] = lambda text: None

    def enter(self, stage: str) -> None:
        """Report that a stage begins, of which nothing is counted yet."""
        self.on_progress(Progress(stage, 0, 0, ""))


@final
@dataclass(frozen=True)
class TrainingData:
    """What is learned from, and what is held out.

    Attributes:
        folder: the sounds, also where a URL was named.
        corpus: everything that was found.
        held_out: what is not learned from.
        cache: what is learned from, decoded.
    """

    folder: Path
    corpus: Corpus
    held_out: tuple[Sound, ...]
    cache: AudioCache


def prepare_data(
    folder: str | Path,
    run_folder: Path,
    sample_rate: int,
    device: TrainingDevice,
    callbacks: TrainingCallbacks,
    *,
    max_channels: int = 2,
) -> TrainingData:
    """Find and decode the sounds of a folder or URL into ``run_folder``; one process first, so that the others find
    the work done."""
    with device.main_process_first():
        lost: tuple[Rejected, ...] = ()
        if is_url(folder):
            callbacks.enter("fetching sounds")
            mirror = local_copy(str(folder), run_folder / "sounds", on_progress=callbacks.on_progress)
            folder, lost = mirror.folder, mirror.rejected
        scanned = scan(Path(folder))
        corpus = Corpus(scanned.sounds, (*lost, *scanned.rejected))
        callbacks.on_corpus(corpus)
        training_sounds, held_out = split(corpus.sounds)
        cache = AudioCache.build(
            training_sounds,
            run_folder,
            sample_rate=sample_rate,
            max_channels=max_channels,
            on_progress=callbacks.on_progress,
            on_note=callbacks.on_note,
        )
    return TrainingData(Path(folder), corpus, held_out, cache)


def fit(
    task: Task, config: Mapping[str, Any], run: Run, trackers: Sequence[str], callbacks: TrainingCallbacks
) -> Report | None:
    """Train and record; ``config`` is shown on the run's page. The last report, None if nothing was left to do."""
    callbacks.enter("training")
    report = None
    with ExitStack() as stack:
        recorder = None
        if run.device.is_main:
            recorder = Recorder(run.folder, config, resume=run.resume, trackers=trackers, on_trouble=callbacks.on_note)
            stack.enter_context(recorder)
        for report in run_training(task, run):
            callbacks.on_report(report)
            if recorder is not None:
                recorder.record(report)
    return report


@contextmanager
def cpu_threads(count: int | None) -> Iterator[None]:
    """Compute on so many threads inside, then on as many as before."""
    previous = torch.get_num_threads()
    torch.set_num_threads(count or previous)
    try:
        yield
    finally:
        torch.set_num_threads(previous)


@contextmanager
def open_run_folder(out: Path) -> Iterator[Path]:
    """Where checkpoints and decoded sounds lie; it goes again if a run fails before its first checkpoint."""
    stem = out.name.removesuffix(".safetensors").removesuffix(".auricle")
    folder = out.with_name(stem + ".run")
    fresh = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the folder {folder}: {error.strerror}") from error
    try:
        yield folder
    except AuricleError:
        if fresh and not Checkpoints(folder / CHECKPOINTS):
            shutil.rmtree(folder, ignore_errors=True)
        raise
