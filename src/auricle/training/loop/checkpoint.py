"""Training state on disk: safetensors and JSON, no pickle; whole or not there.

checkpoints/
    00001200/state.safetensors    weights, averaged weights, optimisers, adversary
    00001200/state.json           clock, configuration, figures
    00001200/checksum             SHA-256 of both
    best                          name of the one with the best figure on held-out sound
    latest                        name of the newest one, written last
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from auricle.atomic import atomic_write, remove_leftovers, rename_patiently
from auricle.errors import ModelError, OutputError
from auricle.training.loop.schedule import Budget, Clock
from auricle.training.loop.settings import changed_settings

_KEPT = 3
_VERSION = 3
_TENSORS, _VALUES, _CHECKSUM = "state.safetensors", "state.json", "checksum"
_LATEST, _BEST = "latest", "best"
_HALF_WRITTEN = ".half-"


@final
@dataclass(frozen=True)
class Snapshot:
    """All that a run needs to go on.

    Attributes:
        tensors: by name.
        clock: where the run stands.
        config: its configuration in JSON; a resumed run must have the same.
        figure: log-mel distance on held-out sound, None if not measured yet.
        best: the best such figure of this phase.
        balance: state of the gradient balancer.
        budget: how long the run was to last; None in states of older versions.
    """

    tensors: dict[str, Tensor]
    clock: Clock
    config: str
    figure: float | None = None
    best: float | None = None
    balance: Mapping[str, float] = field(default_factory=dict)
    budget: Budget | None = None


@final
class Checkpoints:
    """The newest states of a run and its best one.

    Args:
        folder: made when the first one is saved.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def __bool__(self) -> bool:
        """Whether there is one."""
        return any(self._names())

    def require_any(self) -> None:
        """Refuse to go on from nothing.

        Raises:
            ModelError: there is no state.
        """
        if not self:
            raise ModelError(f"no checkpoint to go on from in {self.folder} (there is none): start without --resume")

    def save(self, snapshot: Snapshot, *, best: bool = False) -> None:
        """Write a state and forget the oldest one; ``best`` marks it as such.

        A state appears under its name when all of it is on disk; the pointer follows. Killed at any instant, the run
        keeps the states it had.

        Raises:
            OutputError: the disk is full or the folder can't be written; earlier states are as they were.
        """
        name = f"{snapshot.clock.step:08d}"
        try:
            self.folder.mkdir(exist_ok=True)
            with self._half_written() as half:
                _write(snapshot, half)
                self._put_away(name)
                rename_patiently(half, self.folder / name)
            if best:  # first: a run that goes on from the state before finds this one better than it hoped for
                self._point(_BEST, name)
            self._point(_LATEST, name)
            _sync(self.folder)
            self._tidy()
        except OSError as error:
            raise OutputError(
                f"can't save a checkpoint in {self.folder}: {error.strerror or error}; the one before is whole: "
                "make room and go on with --resume"
            ) from error

    def clear(self) -> None:
        """Forget every state: another run begins."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def last_step(self) -> int | None:
        """The step of the newest state, damaged or not; None if there is none."""
        return max(map(int, self._names()), default=None)

    @property
    def newest_config(self) -> dict[str, Any] | None:
        """The configuration of the newest state whose values can be read, not checked; None if there is none."""
        for name in dict.fromkeys([self._pointed(_LATEST), *sorted(self._names(), reverse=True)]):
            with suppress(OSError, ValueError, LookupError, TypeError):
                config = json.loads(json.loads((self.folder / str(name) / _VALUES).read_text("utf-8"))["config"])
                if isinstance(config, dict):
                    return config
        return None

    def require_config(self, config: str) -> None:
        """Refuse another configuration than `newest_config`, before anything is loaded.

        Raises:
            ModelError: with what differs.
        """
        newest, requested = (json.dumps(value, sort_keys=True) for value in (self.newest_config, json.loads(config)))
        if newest not in ("null", requested):
            raise self._of_other_settings(newest, requested)

    def load(self, config: str, on_note: Callable[[str], None] = lambda line: None) -> Snapshot:
        """The newest state that is whole.

        Args:
            config: of the run that goes on.
            on_note: is told in one line of each damaged one that was passed over.

        Raises:
            ModelError: there is none, or it is of another configuration.
        """
        return self._first_whole([self._pointed(_LATEST), *sorted(self._names(), reverse=True)], config, on_note)

    def load_best(self, config: str) -> Snapshot | None:
        """The state with the best figure; None if there is none that is whole and of this configuration."""
        try:
            return self._first_whole([self._pointed(_BEST)], config, lambda line: None)
        except ModelError:
            return None

    def _first_whole(self, names: list[str | None], config: str, on_note: Callable[[str], None]) -> Snapshot:
        self.require_any()
        problem, passed_over = "its pointer is lost", list[str]()
        for name in dict.fromkeys(name for name in names if name):
            try:
                snapshot = _read(self.folder / name)
            except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
                problem = f"{name}: {' '.join(str(error).split())}"
                passed_over.append(problem)
                continue
            if snapshot.config != config:
                raise self._of_other_settings(snapshot.config, config)
            for line in passed_over:
                on_note(f"the checkpoint {line}: passed over, the run goes on from step {snapshot.clock.step}")
            return snapshot
        raise ModelError(
            f"no checkpoint to go on from in {self.folder} ({problem}): start over without --resume and with --force"
        )

    def _of_other_settings(self, before: str, now: str) -> ModelError:
        return ModelError(
            f"{self.folder} belongs to a run with other settings ({changed_settings(before, now)}): "
            "name the same ones, or start over without --resume and with --force"
        )

    def _names(self) -> Iterator[str]:
        if self.folder.is_dir():
            yield from (path.name for path in self.folder.iterdir() if path.name.isdecimal())

    def _pointed(self, pointer: str) -> str | None:
        try:
            name = (self.folder / pointer).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return name if name.isdecimal() else None

    def _point(self, pointer: str, name: str) -> None:
        with atomic_write(self.folder / pointer, force=True) as file:
            file.write_text(name, "utf-8")

    def _put_away(self, name: str) -> None:
        """Make room for a state of the same step if there is one: a damaged one, or of a run that went back."""
        if (self.folder / name).exists():
            aside = Path(tempfile.mkdtemp(prefix=_HALF_WRITTEN, dir=self.folder))
            rename_patiently(self.folder / name, aside / name)

    @contextmanager
    def _half_written(self) -> Iterator[Path]:
        half = Path(tempfile.mkdtemp(prefix=_HALF_WRITTEN, dir=self.folder))
        try:
            yield half
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def _tidy(self) -> None:
        """Keep the newest states and the best one; what a killed run left half-written goes too."""
        names = {self._pointed(_BEST), self._pointed(_LATEST), *sorted(self._names())[-_KEPT:]}
        for path in self.folder.iterdir():
            if path.name.startswith(_HALF_WRITTEN) or (path.name.isdecimal() and path.name not in names):
                shutil.rmtree(path, ignore_errors=True)
            elif path.name.startswith((f".{_LATEST}-", f".{_BEST}-")):
                path.unlink(missing_ok=True)
        remove_leftovers(self.folder)


def _write(snapshot: Snapshot, folder: Path) -> None:
    tensors = {name: value.detach().cpu().contiguous() for name, value in snapshot.tensors.items()}
    try:
        save_file(tensors, folder / _TENSORS)
    except SafetensorError as error:
        raise _plain(error) from error
    values = {
        "version": _VERSION,
        "clock": asdict(snapshot.clock),
        "config": snapshot.config,
        "figure": snapshot.figure,
        "best": snapshot.best,
        "balance": dict(snapshot.balance),
        "budget": None if snapshot.budget is None else asdict(snapshot.budget),
    }
    (folder / _VALUES).write_text(json.dumps(values), "utf-8")
    (folder / _CHECKSUM).write_text(_digest(folder), "utf-8")
    for path in (folder / _TENSORS, folder / _VALUES, folder / _CHECKSUM, folder):
        _sync(path)


def _plain(error: SafetensorError) -> OSError:
    """What the system said, out of what safetensors wraps around it."""
    number = re.search(r"os error (\d+)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(str(error))


def _read(folder: Path) -> Snapshot:
    if (folder / _CHECKSUM).read_text("utf-8") != _digest(folder):
        raise ValueError("damaged: the checksum differs")
    values: dict[str, Any] = json.loads((folder / _VALUES).read_text("utf-8"))
    if values["version"] != _VERSION:
        raise ValueError(f"version {values['version']}, known is {_VERSION}")
    tensors = load_file(folder / _TENSORS)
    clock, budget = Clock(**values["clock"]), values.get("budget")
    return Snapshot(
        tensors,
        clock,
        values["config"],
        values["figure"],
        values["best"],
        values["balance"],
        budget and Budget(**budget),
    )


def _digest(folder: Path) -> str:
    """Of the tensors, then of the values."""
    digest = hashlib.sha256()
    for name in (_TENSORS, _VALUES):
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Wait until a file or a folder's entries are on disk."""
    folder = path.is_dir()
    if folder and os.name == "nt":  # Windows can't open a folder, and needs no such call
        return
    descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
