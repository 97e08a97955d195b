"""The engine: a task over many files, by several processes, with a ledger from which it goes on."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.archive.manifest import FileRecord, Manifest
from auricle.archive.places import Place, place_of
from auricle.archive.plan import (
    Plan,
    check_target_folder,
    leftover_folders,
    make_plan,
    refuse_other_settings,
)
from auricle.archive.sources import MANIFEST_NAME, find_sources, read_list
from auricle.archive.tasks.task import ArchiveTask
from auricle.archive.workers import WorkerProcesses, Workers
from auricle.atomic import remove_leftovers
from auricle.errors import AuricleError, OptionError
from auricle.held_signals import FirstInterrupt
from auricle.lock import lock_new_folder
from auricle.options.archive import ArchiveOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, Progress, ignore_progress

_VERSION = 1
"""Of the way that files are worked on: other results, another number."""
_AHEAD = 32
"""Targets, for each process, that are noted as started before they are: one wait for the disk does for all."""
_WAIT_SECONDS = 0.5


@final
@dataclass(frozen=True)
class ArchiveResult:
    """What `run_archive` did with each file.

    Attributes:
        records: of all files, by name; those that failed among them.
        skipped: how many were done already, and unchanged.
        others: how many files of other kinds were passed over.
        manifest: the ledger; None where none is kept.
        elapsed_seconds: wall time.
        paths: of the sources, by name.
    """

    records: tuple[FileRecord, ...]
    skipped: int
    others: int
    manifest: Place | None
    elapsed_seconds: float
    paths: Mapping[str, Place]

    @property
    def done(self) -> tuple[FileRecord, ...]:
        """Files that are done, now or before."""
        return tuple(record for record in self.records if record.is_done)

    @property
    def failed(self) -> tuple[FileRecord, ...]:
        """Files that failed in this run."""
        return tuple(record for record in self.records if not record.is_done)

    @property
    def seconds(self) -> float:
        """Of sound, in all files that are done."""
        return sum(record.result.get("seconds", 0.0) for record in self.done)


class InterruptedRunError(KeyboardInterrupt):
    """The user has interrupted a run; what it held is finished, and the ledger tells how far it is."""


@check_arguments()
def run_archive(
    task: ArchiveTask,
    paths: Sequence[Path | str],
    target: Path | str | None = None,
    *,
    options: ArchiveOptions = ArchiveOptions(),
    checked_share: float = 0.0,
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> ArchiveResult:
    """Do a task to many files. Subfolders and dates are kept; what is done and unchanged is not done again.

    A file that can't be worked on is a record with an error, never the end. The first interrupt finishes the files
    that are at work, the second drops them; either way the same call goes on from there.

    Args:
        task: what to do to each file, such as `CompressTask`.
        paths: files, folders, globs, and URLs that fsspec knows, such as ``s3://bucket/folder``.
        target: the folder or URL to write into, for tasks that write files.
        options: processes, more paths, and the place of the ledger.
        checked_share: of the files, that are measured after they were done.
        force: replace files that nobody knows, and results of other settings.
        on_progress: called with the number of files.
        on_note: is told in one line about what is odd.

    Raises:
        DataError: there are no such files.
        OptionError: the target lies in a folder that is read, or holds results of other settings.
        OutputError: the target can't be written, or another process is at work there.
        ModelError: the model can't be loaded.
    """
    started = time.monotonic()
    folder = None if target is None else place_of(target)
    named = tuple(map(place_of, paths))
    listed = listed_places(options.files_from)
    if task.suffix:
        if folder is None:
            raise OptionError("nowhere to write: name a folder after the sources")
        check_target_folder(folder, (*named, *listed))
    source_list = find_sources(named, listed, task.accepts, task.kind, as_named=not task.suffix)
    for note in source_list.notes:
        on_note(note)
    task = task.resolved(source.path for source in source_list.sources)
    ledger = folder / MANIFEST_NAME if folder is not None and task.suffix else None
    ledger = ledger if options.manifest is None else place_of(options.manifest)
    local = folder if isinstance(folder, Path) and task.suffix else None
    with lock_new_folder(local), Manifest.open(ledger) as manifest:
        key = manifest.begin({"verb": task.verb, "version": _VERSION, **task.settings()})
        if not force:
            refuse_other_settings(manifest, key, folder)
        if local is not None:
            for place in leftover_folders(manifest, local):
                remove_leftovers(place)
        plan = make_plan(source_list, folder, task, manifest, key, force=force, checked_share=checked_share)
        records = [*plan.failed, *plan.done]
        for record in plan.failed:
            manifest.add(record)
        meter = _ThroughputMeter(task.stage, plan, on_progress)
        reused = len(plan.done)
        with FirstInterrupt() as interrupts, _workers(task, options) as workers:
            for record, was_reused in _outcomes(plan, manifest, workers, interrupts, on_note):
                records.append(record)
                reused += was_reused
                meter.count(record)
        if interrupts.came and len(records) < len(plan.jobs) + len(plan.done) + len(plan.failed):
            on_note(f"{meter.text}; the same command goes on from here")
            raise InterruptedRunError
    records.sort(key=lambda record: record.source)
    paths_by_name = {source.name: source.path for source in source_list.sources}
    return ArchiveResult(tuple(records), reused, source_list.others, ledger, time.monotonic() - started, paths_by_name)


def _workers(task: ArchiveTask, options: ArchiveOptions) -> Workers:
    if options.ray is None:
        return WorkerProcesses(task, options.jobs or 1)
    from auricle.archive.ray_workers import RayWorkers

    return RayWorkers(task, options.jobs, options.ray)


def listed_places(path: Path | None) -> tuple[Place, ...]:
    """What a list names; nothing where there is none.

    Raises:
        OptionError: it can't be read.
    """
    if path is None:
        return ()
    if str(path) == "-":
        return read_list(sys.stdin)
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            return read_list(file, str(path))
    except OSError as error:
        raise OptionError(f"can't read the list {path}: {error.strerror}") from error


def _outcomes(
    plan: Plan,
    manifest: Manifest,
    workers: Workers,
    interrupts: FirstInterrupt,
    on_note: Callable[[str], None],
) -> Iterator[tuple[FileRecord, bool]]:
    """Records of all jobs as they end, and whether an earlier result was still right."""
    waiting = list(reversed(plan.jobs))
    announced = 0
    is_noted = False
    while waiting or workers.busy:
        while waiting and workers.has_room and not interrupts.came:
            if announced == 0:
                ahead = waiting[: -1 - _AHEAD * workers.jobs : -1]
                manifest.start([job.record.target for job in ahead if job.record.target])
                announced = len(ahead)
            announced -= 1
            workers.submit(waiting.pop())
        if interrupts.came and not is_noted and workers.busy:
            is_noted = True
            on_note(f"finishing {workers.busy} {'file' if workers.busy == 1 else 'files'}; once more drops them")
        if interrupts.came and not workers.busy:
            return
        for outcome in workers.wait(_WAIT_SECONDS):
            if outcome.ending:
                raise AuricleError(outcome.ending)
            manifest.add(outcome.record)
            yield outcome.record, outcome.reused


@final
class _ThroughputMeter:
    """Files, hours, rate and time left."""

    def __init__(self, stage: str, plan: Plan, on_progress: OnProgress) -> None:
        self._stage, self._on_progress = stage, on_progress
        self._total, self._bytes_total = len(plan.jobs), plan.bytes
        self._files = self._failed = self._bytes = 0
        self._seconds, self._started = 0.0, time.monotonic()

    def count(self, record: FileRecord) -> None:
        """Take a file that has ended."""
        self._files += 1
        self._failed += not record.is_done
        self._bytes += record.bytes
        self._seconds += record.result.get("seconds", 0.0)
        self._on_progress(Progress(f"{self._stage}, {self.text}", self._files, self._total, "files"))

    @property
    def text(self) -> str:
        """Such as ``1.2 h of sound, 85 x real time, 12 min left``."""
        elapsed = max(1e-9, time.monotonic() - self._started)
        left = elapsed * max(0, self._bytes_total - self._bytes) / max(1, self._bytes)
        failed = f", {self._failed} failed" if self._failed else ""
        return (
            f"{self._seconds / 3600:.2f} h of sound at {self._seconds / elapsed:.0f} x real time, "
            f"{left / 60:.0f} min left{failed}"
        )
