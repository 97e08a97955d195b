"""Where the lines of a ledger go: to the end of a file, or as parts that only grow in number to an object store, which
can't append."""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, final

from auricle.archive.places import Place, RemotePath
from auricle.errors import OutputError
from auricle.urls import driver_errors

_SYNC_SECONDS, _PART_SECONDS = 0.25, 5.0


class LedgerFile(ABC):
    """An open ledger.

    Attributes:
        name: for messages.
    """

    name: str

    @abstractmethod
    def lines(self) -> Iterator[bytes]:
        """All that was written, by earlier runs too; the last may be cut off."""

    @abstractmethod
    def append(self, line: bytes) -> None:
        """Write a line, which ends with a line end.

        Raises:
            OutputError: there is no room.
        """

    @abstractmethod
    def sync(self) -> None:
        """Have everything where it is safe."""

    @abstractmethod
    def sync_sometimes(self) -> None:
        """The same, if it has been a while."""


@final
class LocalLedger(LedgerFile):
    """A file that is open for reading and appending."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.name, self._file, self._synced = str(path), file, time.monotonic()

    def lines(self) -> Iterator[bytes]:
        """All that was written; a last line that was cut off gets an end."""
        self._file.seek(0)
        ends_well = True
        for line in self._file:
            ends_well = line.endswith(b"\n")
            yield line
        if not ends_well:  # cut off when the machine or the disk ended
            os.write(self._file.fileno(), b"\n")

    def append(self, line: bytes) -> None:
        """Write a line.

        Raises:
            OutputError: the disk is full.
        """
        if os.write(self._file.fileno(), line) != len(line):
            raise OutputError(f"can't keep the manifest {self.name}: the disk is full")

    def sync(self) -> None:
        """Have everything on the disk."""
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def sync_sometimes(self) -> None:
        """The same a few times a second."""
        if time.monotonic() - self._synced >= _SYNC_SECONDS:
            self.sync()


@final
class RemoteLedger(LedgerFile):
    """Parts ``manifest.jsonl/00000000.jsonl``, each put once; two runs at a time can't have the same one."""

    def __init__(self, place: RemotePath) -> None:
        self.name, self._place, self._synced = str(place), place, time.monotonic()
        self._parts = sorted(place.files())
        self._number, self._waiting = len(self._parts), list[bytes]()

    def lines(self) -> Iterator[bytes]:
        """All that was written."""
        with driver_errors(self._place.home, "can't read the manifest at"):
            contents = self._place.filesystem.cat(self._parts) if self._parts else {}
        for part in self._parts:
            yield from contents[part].splitlines(keepends=True)

    def append(self, line: bytes) -> None:
        """Have a line wait for the next part."""
        self._waiting.append(line)

    def sync(self) -> None:
        """Put what waits as the next part.

        Raises:
            OutputError: another run has put it.
        """
        if not self._waiting:
            return
        part = self._place / f"{self._number:08d}.jsonl"
        with driver_errors(self._place.home, "can't keep the manifest at"):
            try:
                part.filesystem.pipe_file(part.key, b"".join(self._waiting), mode="create")
            except FileExistsError as error:
                raise OutputError(
                    f"another run is writing the manifest {self.name}: wait until it has ended, or name another place"
                ) from error
        self._waiting.clear()
        self._number, self._synced = self._number + 1, time.monotonic()

    def sync_sometimes(self) -> None:
        """The same every few seconds."""
        if time.monotonic() - self._synced >= _PART_SECONDS:
            self.sync()


@contextmanager
def open_ledger(place: Place) -> Iterator[LedgerFile]:
    """Open a ledger, which is made if need be; all of it is safe when the block ends.

    Raises:
        OutputError: it can't be read or written.
    """
    if isinstance(place, RemotePath):
        ledger = RemoteLedger(place)
        try:
            yield ledger
        finally:
            ledger.sync()
        return
    try:
        with place.open("ab+") as file:
            ledger = LocalLedger(place, file)
            try:
                yield ledger
            finally:
                ledger.sync()
    except OSError as error:
        if error.filename not in (None, str(place)):
            raise
        raise OutputError(f"can't keep the manifest {place}: {error.strerror or error}") from error
