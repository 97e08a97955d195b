"""What is done to one file: a verb with its options, sent to the processes that work."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from errno import EDQUOT, ENOSPC, EROFS
from pathlib import Path
from typing import Any, Self, TypeVar, final

from auricle.archive.manifest import DONE, FAILED, FileRecord
from auricle.archive.places import FileStatus, Place, RemotePath, local_file, local_target, status_of
from auricle.errors import AudioError, AuricleError, ConfigError, ModelError

_Model = TypeVar("_Model")
_DISK_FULL = (ENOSPC, EDQUOT, EROFS)
_GO_ON = "{}: make room, and the same command goes on from here"


class CommonError(AuricleError):
    """Something that would go wrong with every file: the run ends with it."""


@final
class LoadedModels:
    """What a process has loaded: once, however many files it works on."""

    def __init__(self) -> None:
        self._models: dict[object, Any] = {}

    def get(self, key: object, load: Callable[[], _Model], *, common: bool = True) -> _Model:
        """What was loaded under this key, or what ``load`` returns.

        Args:
            key: of the model.
            load: called once.
            common: whether every file needs it, so that the run can't go on without.

        Raises:
            CommonError: it can't be loaded.
        """
        if key not in self._models:
            try:
                self._models[key] = load()
            except (ModelError, ConfigError) as error:
                if common:
                    raise CommonError(str(error)) from error
                raise
        return self._models[key]


class ArchiveTask(ABC):
    """A verb with its options. Subclasses are frozen dataclasses; what they need is loaded where they run.

    Attributes:
        verb: its name.
        stage: what it does, for progress: ``compressing``.
        kind: of its files, for messages: ``audio files``.
        suffix: of the files it writes; empty where it writes none.
    """

    verb: str
    stage: str
    kind: str = "audio files"
    suffix: str = ""

    @abstractmethod
    def accepts(self, name: str) -> bool:
        """Whether a file of this name is worked on, where a folder holds it."""

    def resolved(self, sources: Iterable[Place]) -> Self:
        """The task with nothing left open that must be the same for all files, before any is worked on.

        Args:
            sources: the files, in the order of their names.
        """
        return self

    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """Everything that decides the result, as plain values."""

    @abstractmethod
    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Do it to one file.

        Args:
            source: the file.
            target: the file to write; the source where nothing is written.
            models: loaded ones.
            force: replace ``target``.

        Returns:
            what there is to tell, as plain values; ``seconds`` of sound among them.

        Raises:
            AuricleError: this file can't be worked on.
            CommonError: no file can.
        """

    def check(self, source: Path, target: Path, models: LoadedModels) -> Mapping[str, Any]:
        """Measure a result, where that was asked for."""
        raise NotImplementedError


@final
@dataclass(frozen=True)
class FileJob:
    """A file to work on.

    Attributes:
        number: its place in the run.
        source: where it is.
        target: where its result goes; the source where nothing is written.
        force: replace what is there.
        check: measure the result.
        earlier: what is known of it from before, if anything.
        record: what its record is to say, so far.
    """

    number: int
    source: Place
    target: Place
    force: bool
    check: bool
    record: FileRecord
    earlier: FileRecord | None = field(default=None, repr=False)


@final
@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        number: of the job.
        record: for the ledger.
        ending: why the whole run must end, in one line; empty where it goes on.
        reused: whether the result of an earlier run was still right.
    """

    number: int
    record: FileRecord
    ending: str = ""
    reused: bool = False


def work_on(job: FileJob, task: ArchiveTask, models: LoadedModels) -> Outcome:
    """Do a job. No error but those that end the process leaves this function."""
    record = job.record
    try:
        return _work_on(job, task, models)
    except CommonError as error:
        return Outcome(job.number, replace(record, state=FAILED, error=str(error)), ending=str(error))
    except AuricleError as error:
        text, ending = str(error), _GO_ON.format(error) if _is_disk_full(error) else ""
    except OSError as error:
        place = error.filename if error.filename is not None else job.source
        text = f"{place}: {error.strerror or error}"
        ending = _GO_ON.format(text) if _is_disk_full(error) else ""
    except MemoryError:
        text, ending = f"{job.source}: there is not enough memory for it", ""
    except Exception as error:  # a mistake of ours that one file brings to light is no reason to leave the others
        text, ending = f"{job.source}: {type(error).__name__}: {' '.join(str(error).split())[:300]}", ""
    return Outcome(job.number, replace(record, state=FAILED, error=text), ending)


def _work_on(job: FileJob, task: ArchiveTask, models: LoadedModels) -> Outcome:
    before = status_of(job.source)
    with local_file(job.source) as source, local_target(job.target) as target:
        try:
            return _done(job, task, models, before, (source, target))
        except AuricleError as error:
            text = str(error).replace(str(source), str(job.source)).replace(str(target), str(job.target))
            raise type(error)(text) from error


def _done(
    job: FileJob, task: ArchiveTask, models: LoadedModels, before: FileStatus, files: tuple[Path, Path]
) -> Outcome:
    """Do a job to local files, and put the result where it belongs."""
    source, target = files if task.suffix else (files[0], files[0])
    digest = _digest(source)
    record = replace(job.record, bytes=before.size, modified_ns=before.modified_ns, sha256=digest)
    earlier = job.earlier
    reused = earlier is not None and (earlier.sha256, earlier.settings) == (digest, record.settings)
    if earlier is not None and reused:
        result = dict(earlier.result)
        if isinstance(job.target, RemotePath) and job.check and task.suffix:
            job.target.fetch(target)
    else:
        if task.suffix and isinstance(job.target, Path):
            _make_folder(target.parent)
        result = dict(task.run(source, target, models, force=job.force))
    after = status_of(job.source)
    if after != before:
        raise AudioError(f"{job.source} was changed while it was read: run the same command again")
    if task.suffix:
        record = replace(record, target_bytes=_committed(job, target, after, earlier if reused else None))
    if job.check and "check" not in result:
        result["check"] = task.check(source, target, models)
    return Outcome(job.number, replace(record, state=DONE, result=result), reused=reused)


def _committed(job: FileJob, target: Path, source: FileStatus, earlier: FileRecord | None) -> int:
    """Size of the result, which lies where it belongs, and has the date of its source where files have dates."""
    if isinstance(job.target, RemotePath):
        if earlier is not None:
            return earlier.target_bytes
        job.target.send(target, force=job.force)
    else:
        os.utime(target, ns=(target.stat().st_atime_ns, source.modified_ns))
    return target.stat().st_size


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""  # whoever reads it says what it is
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as error:
        raise AudioError(f"can't read {path}: {error.strerror}") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise
        raise AudioError(f"can't make the folder {folder}: {error.strerror}") from error


def _is_disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            return True
        error = error.__cause__
    return False
