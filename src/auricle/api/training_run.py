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
from auricle.errors import AuricleError, OptionError, OutputError
from auricle.training import Machine, Report, Run, Task, run_training
from auricle.training.loop.checkpoint import Checkpoints
from auricle.training.loop.run_state import CHECKPOINTS
from auricle.watch import Recorder

_LARGEST_SEED, _LARGEST_BATCH = 2**31, 4096


@final
@dataclass(frozen=True)
class Watcher:
    """Where a training run tells how it goes; each part may be replaced.

    Attributes:
        on_scan: is told what the folder holds.
        on_stage: is told what begins.
        on_part: is told how many files of how many are done, while decoding and while measuring.
        on_report: is told the state of training every few steps.
        on_note: is told what could not be done although training goes on.
    """

    on_scan: Callable[[Corpus], None] = lambda corpus: None
    on_stage: Callable[[str], None] = lambda text: None
    on_part: Callable[[int, int], None] = lambda done, total: None
    on_report: Callable[[Report], None] = lambda report: None
    on_note: Callable[[str], None] = lambda text: None


@final
@dataclass(frozen=True)
class Material:
    """What is learned from, and what is held out."""

    folder: Path
    corpus: Corpus
    held_out: tuple[Sound, ...]
    cache: AudioCache


def gather(
    folder: str | Path, home: Path, rate: int, machine: Machine, watcher: Watcher, *, max_channels: int = 2
) -> Material:
    """Find and decode the sounds of a folder or URL into ``home``; one process first, so that the others find the
    work done."""
    with machine.in_turn():
        lost: tuple[Rejected, ...] = ()
        if is_url(folder):
            watcher.on_stage("fetching sounds")
            mirror = local_copy(str(folder), home / "sounds", on_progress=watcher.on_part)
            folder, lost = mirror.folder, mirror.rejected
        found = scan(Path(folder))
        corpus = Corpus(found.sounds, (*lost, *found.rejected))
        watcher.on_scan(corpus)
        learned, held_out = split(corpus.sounds)
        watcher.on_stage("decoding sounds")
        cache = AudioCache.build(
            learned,
            home,
            sample_rate=rate,
            max_channels=max_channels,
            on_progress=watcher.on_part,
            on_note=watcher.on_note,
        )
    return Material(Path(folder), corpus, held_out, cache)


def fit(task: Task, shown: Mapping[str, Any], run: Run, trackers: Sequence[str], watcher: Watcher) -> Report | None:
    """Train and record; ``shown`` is the configuration as JSON. The last report, None if nothing was left to do."""
    watcher.on_stage("training")
    last = None
    with ExitStack() as stack:
        recorder = None
        if run.machine.first:
            recorder = Recorder(run.folder, shown, resume=run.resume, trackers=trackers, on_trouble=watcher.on_note)
            stack.enter_context(recorder)
        for last in run_training(task, run):
            watcher.on_report(last)
            if recorder is not None:
                recorder.record(last)
    return last


def check_options(seed: int, threads: int | None, batch: int | None) -> None:
    """Refuse what no run can use.

    Raises:
        OptionError: with the value and the range.
    """
    if not 0 <= seed < _LARGEST_SEED:
        raise OptionError(f"seed {seed} is out of range: use 0 to {_LARGEST_SEED - 1}")
    if threads is not None and threads < 1:
        raise OptionError(f"{threads} threads can't compute anything: use 1 or more")
    if batch is not None and not 1 <= batch <= _LARGEST_BATCH:
        raise OptionError(f"a batch of {batch} crops: use 1 to {_LARGEST_BATCH}")


@contextmanager
def threads_of(count: int | None) -> Iterator[None]:
    """Compute on so many threads, then on as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def run_folder(out: Path) -> Iterator[Path]:
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
