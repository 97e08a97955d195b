"""The ledger of a run: a file of JSON lines that only grows. What it says is done stays done, whatever happens.

Lines are of three kinds: ``run`` (who worked, with which settings), ``started`` (targets that may be there half-known:
a run that goes on may replace them) and records of files. A line that was cut off counts as not written.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, final

from auricle.archive.ledger_files import LedgerFile, open_ledger
from auricle.archive.places import Place
from auricle.errors import OutputError

DONE, FAILED = "done", "failed"


@final
@dataclass(frozen=True)
class FileRecord:
    """What became of a file: a line of the ledger.

    Attributes:
        source: its place below what was named.
        state: ``done`` or ``failed``.
        bytes: its size.
        modified_ns: its time of modification in nanoseconds since 1970.
        sha256: digest of its contents; empty where it could not be read.
        settings: key of the settings that it was worked on with.
        target: the result's place below the target; empty where nothing is written.
        target_bytes: size of the result.
        result: what the verb tells, as plain values.
        error: why it failed, in one line.
    """

    source: str
    state: str
    bytes: int = 0
    modified_ns: int = 0
    sha256: str = ""
    settings: str = ""
    target: str = ""
    target_bytes: int = 0
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it was worked on to the end."""
        return self.state == DONE


_FIELDS = frozenset(FileRecord.__dataclass_fields__)


def settings_key(settings: Mapping[str, Any]) -> str:
    """A short name of settings: the same settings, the same name."""
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


@final
class Manifest:
    """An open ledger, or one that is kept nowhere.

    Attributes:
        records: the last of each source.
        started: targets that a run has begun and not ended.
        settings: by their keys.
    """

    def __init__(self, ledger: LedgerFile | None) -> None:
        self._ledger = ledger
        self.records: dict[str, FileRecord] = {}
        self.started: set[str] = set()
        self.settings: dict[str, Mapping[str, Any]] = {}

    @property
    def name(self) -> str:
        """Of the file, for messages."""
        return "the manifest" if self._ledger is None else self._ledger.name

    @staticmethod
    @contextmanager
    def open(place: Place | None) -> Iterator["Manifest"]:
        """Read a ledger and keep it open for what comes; None keeps none.

        Raises:
            OutputError: it can't be read or written, or is another kind of file.
        """
        if place is None:
            yield Manifest(None)
            return
        with open_ledger(place) as ledger:
            manifest = Manifest(ledger)
            manifest._read(ledger)
            yield manifest

    def begin(self, settings: Mapping[str, Any]) -> str:
        """Note a new run, and return the key of its settings."""
        key = settings_key(settings)
        self.settings[key] = settings
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._append({"run": {"key": key, "settings": settings, "began": when}})
        return key

    def start(self, targets: Sequence[str]) -> None:
        """Note that these targets will be written; on the disk when this returns."""
        if targets:
            self.started.update(targets)
            self._append({"started": list(targets)})
            self.sync()

    def add(self, record: FileRecord) -> None:
        """Note what became of a file; on the disk within a moment."""
        self.records[record.source] = record
        if record.is_done:
            self.started.discard(record.target)
        values = {name: value for name, value in asdict(record).items() if value not in ("", 0, {})}
        self._append(values)
        if self._ledger is not None:
            self._ledger.sync_sometimes()

    def sync(self) -> None:
        """Have everything where it is safe."""
        if self._ledger is not None:
            self._ledger.sync()

    def _append(self, values: Mapping[str, Any]) -> None:
        if self._ledger is not None:
            self._ledger.append(f"{json.dumps(values)}\n".encode("ascii"))

    def _read(self, ledger: LedgerFile) -> None:
        for number, line in enumerate(ledger.lines()):
            values = _parsed(line) if line.endswith(b"\n") else None
            if values is not None:
                self._take(values)
            elif number == 0 and line.endswith(b"\n"):
                raise OutputError(f"{self.name} is no manifest: name another file or folder")

    def _take(self, values: Mapping[str, Any]) -> None:
        if isinstance(run := values.get("run"), dict):
            self.settings[str(run.get("key"))] = run.get("settings") or {}
        elif isinstance(started := values.get("started"), list):
            self.started.update(map(str, started))
        elif isinstance(values.get("source"), str) and values.get("state") in (DONE, FAILED):
            record = FileRecord(**{name: value for name, value in values.items() if name in _FIELDS})
            self.records[record.source] = record
            if record.is_done:
                self.started.discard(record.target)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None
