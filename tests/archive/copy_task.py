"""A task without a model, for tests of the engine: copies files, and goes wrong where a file says so."""

import errno
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auricle.archive.tasks.task import ArchiveTask, CommonError, LoadedModels
from auricle.atomic import atomic_write
from auricle.errors import AudioError


@dataclass(frozen=True)
class CopyTask(ArchiveTask):
    log: Path
    flavour: str = ""
    verb: str = field(default="copy", init=False)
    stage: str = field(default="copying", init=False)
    suffix: str = field(default=".copy", init=False)

    def accepts(self, name: str) -> bool:
        return name.endswith((".wav", ".flac"))

    def settings(self) -> Mapping[str, Any]:
        return {"flavour": self.flavour}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        models.get("model", lambda: self._note("loaded"))
        data = source.read_bytes()
        word = data.split(b" ")[0]
        if word == b"bad":
            raise AudioError(f"{source} is bad")
        if word == b"common":
            raise CommonError("no model 'x'")
        if word == b"full" and not (self.log.parent / "room").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if word == b"crash":
            os.kill(os.getpid(), signal.SIGKILL)
        with atomic_write(target, force=force) as temporary:
            temporary.write_bytes(data[: len(data) // 2])
            if word == b"slow":
                time.sleep(0.05)
            temporary.write_bytes(data + self.flavour.encode())
        self._note(f"ran {os.fsencode(source.name)!r}")
        return {"seconds": 2.0}

    def check(self, source: Path, target: Path, models: LoadedModels) -> Mapping[str, Any]:
        return {"bytes": target.stat().st_size}

    def _note(self, line: str) -> bool:
        with self.log.open("a") as file:
            file.write(f"{line}\n")
        return True


def contents(folder: Path) -> dict[str, bytes]:
    """Of all files but the ledger."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.jsonl"
    }
