"""Which of the sources are worked on, and where each result goes: settled before anything is written."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import final

from auricle.archive.manifest import FAILED, FileRecord, Manifest
from auricle.archive.places import NO_DATE, FileStatus, Place, RemotePath, listed_status, written_statuses
from auricle.archive.sources import Source, SourceList
from auricle.archive.tasks.task import ArchiveTask, FileJob
from auricle.errors import AuricleError, OptionError, OutputError

_DATES_APART_NS = 2 * 10**9
"""A date of a result may lie so far from that of its source: FAT and exFAT keep dates to two seconds."""


@final
@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes:
        jobs: files to work on, in the order of their names.
        done: records of those that are done and unchanged.
        failed: records of those that can't be begun.
    """

    jobs: tuple[FileJob, ...]
    done: tuple[FileRecord, ...]
    failed: tuple[FileRecord, ...]

    @property
    def bytes(self) -> int:
        """Of the sources that are worked on."""
        return sum(job.record.bytes for job in self.jobs)


def check_target_folder(target: Place, paths: Sequence[Place]) -> None:
    """Refuse a target that is a file, or lies in a folder that is read.

    Raises:
        OptionError: it lies there.
        OutputError: it is a file.
    """
    if isinstance(target, RemotePath):
        inside = [path for path in paths if isinstance(path, RemotePath) and _is_below(target, path)]
        if inside:
            raise OptionError(f"{target} lies inside {inside[0]}, which is read: name a place outside it")
        return
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file: name the folder to write into")
    resolved = target.resolve()
    for folder in paths:
        if isinstance(folder, Path) and folder.is_dir() and resolved.is_relative_to(folder.resolve()):
            raise OptionError(f"{target} lies inside {folder}, which is read: name a folder outside it")


def _is_below(target: RemotePath, folder: RemotePath) -> bool:
    same_store = str(target).partition("://")[0] == str(folder).partition("://")[0]
    return same_store and f"{target.key.rstrip('/')}/".startswith(f"{folder.key.rstrip('/')}/")


def make_plan(
    source_list: SourceList,
    target: Place | None,
    task: ArchiveTask,
    manifest: Manifest,
    key: str,
    *,
    force: bool,
    checked_share: float,
) -> Plan:
    """Compare what there is with what the ledger says."""
    names = {source.name: _target_name(source, task) for source in source_list.sources}
    sharing = _sharing(source_list.sources, names)
    written = written_statuses(target) if target is not None and task.suffix else None
    jobs: list[FileJob] = []
    done: list[FileRecord] = []
    failed = [FileRecord(str(path), FAILED, settings=key, error=reason) for path, reason in source_list.rejected]
    for source in source_list.sources:
        name = names[source.name]
        record = _with_status(FileRecord(source.name, FAILED, settings=key, target=name), source.path)
        rivals = [rival for rival in sharing.get(name or source.name, ()) if rival != source]
        if rivals:
            failed.append(replace(record, error=_shared_target(source, rivals[0], target, name)))
            continue
        path = target / name if target is not None and name else source.path
        earlier = manifest.records.get(source.name)
        earlier = earlier if earlier is not None and _is_still_there(earlier, name, written) else None
        check = _is_checked(source.name, checked_share)
        if earlier is not None and _is_unchanged(earlier, record) and ("check" in earlier.result or not check):
            done.append(earlier)
            continue
        mine = earlier is not None or name in manifest.started
        jobs.append(FileJob(len(jobs), source.path, path, force or mine, check, record, earlier))
    return Plan(tuple(jobs), tuple(done), tuple(failed))


def refuse_other_settings(manifest: Manifest, key: str, target: Place | None) -> None:
    """Refuse to mix results of other settings with those of this run.

    Raises:
        OptionError: the ledger has some.
    """
    others = {record.settings for record in manifest.records.values() if record.is_done} - {key}
    if not others:
        return
    before, now = manifest.settings.get(others.pop(), {}), manifest.settings[key]
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    what = ", ".join(f"{name} {before.get(name)}, now {now.get(name)}" for name in changed[:3]) or "unknown ones"
    raise OptionError(
        f"{target or manifest.name} holds results of other settings ({what}): name another place, or use --force to "
        "make them anew"
    )


def _target_name(source: Source, task: ArchiveTask) -> str:
    return str(PurePosixPath(source.name).with_suffix(task.suffix)) if task.suffix else ""


def _sharing(sources: Sequence[Source], names: dict[str, str]) -> dict[str, list[Source]]:
    """Sources by the name of their target, or by their own where nothing is written; only where it is not theirs
    alone."""
    by_name: dict[str, list[Source]] = {}
    for source in sources:
        by_name.setdefault(names[source.name] or source.name, []).append(source)
    return {name: group for name, group in by_name.items() if len(group) > 1}


def _shared_target(source: Source, rival: Source, target: Place | None, name: str) -> str:
    if not name:
        return f"{source.path} and {rival.path} have one name here, {source.name}: name the folder above both"
    place = name if target is None else target / name
    return f"{source.path} and {rival.path} would both become {place}: rename one, or write them apart"


def _with_status(record: FileRecord, path: Place) -> FileRecord:
    try:
        status = listed_status(path)
    except (AuricleError, OSError):
        return record  # reading it will say why
    return replace(record, bytes=status.size, modified_ns=status.modified_ns)


def _is_still_there(earlier: FileRecord, name: str, written: Callable[[str], FileStatus | None] | None) -> bool:
    """Whether a file was done, and its result lies where it was written, of the same size, and the same date, as
    far as its file system keeps dates, where results have some."""
    if not earlier.is_done:
        return False
    if written is None:
        return True
    status = written(name)
    if status is None or status.size != earlier.target_bytes:
        return False
    return status.modified_ns == NO_DATE or abs(status.modified_ns - earlier.modified_ns) <= _DATES_APART_NS


def _is_unchanged(earlier: FileRecord, record: FileRecord) -> bool:
    same = (earlier.bytes, earlier.modified_ns, earlier.settings, earlier.target)
    return same == (record.bytes, record.modified_ns, record.settings, record.target)


def _is_checked(name: str, share: float) -> bool:
    """A choice that is the same in every run."""
    digits = sha256(os.fsencode(name)).digest()[:4]
    return int.from_bytes(digits, "big") < share * 2**32


def leftover_folders(manifest: Manifest, target: Path) -> Iterator[Path]:
    """Where a run that was killed may have left something half-written."""
    yield from sorted({(target / name).parent for name in manifest.started})
