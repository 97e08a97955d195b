"""Where sources and results lie: in a file system, or at a URL that fsspec knows (``s3://``, ``gs://``, ``https://``).

A task works on local files. A source at a URL is fetched into a temporary folder for it, a result is sent from there:
once, by a conditional put where the store knows that, as S3 and Google's do.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, final

from auricle.errors import AudioError, OutputError
from auricle.urls import driver_errors, is_url, open_url, public_url

_COLLAPSED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?=[^/])")
_COMPARED = 1 << 20
NO_DATE = -1
"""Of a result in a store, which can't be given the date of its source."""


@final
@dataclass(frozen=True, slots=True)
class FileStatus:
    """What tells a file from its earlier self: size in bytes, and time of modification in nanoseconds since 1970."""

    size: int
    modified_ns: int


@final
@dataclass(frozen=True)
class RemotePath:
    """A file or folder at a URL.

    Attributes:
        home: URL that leads to its file system.
        key: its path there.
        status: of a file, as it was listed.
    """

    home: str
    key: str
    status: FileStatus | None = None

    def __truediv__(self, name: str) -> "RemotePath":
        return RemotePath(self.home, f"{self.key.rstrip('/')}/{name}")

    def __str__(self) -> str:
        return public_url(self.filesystem.unstrip_protocol(self.key))

    @property
    def filesystem(self) -> Any:
        """Of fsspec, which keeps one for each process.

        Raises:
            DataError: there is no driver for it.
        """
        return open_url(self.home)[0]

    @property
    def name(self) -> str:
        """Its last part."""
        return PurePosixPath(self.key.partition("?")[0]).name

    def files(self) -> dict[str, FileStatus]:
        """Every file below it by its key; none where there is no such folder.

        Raises:
            DataError: it can't be listed.
        """
        with driver_errors(self.home, "can't list"):
            try:
                entries = self.filesystem.find(self.key, detail=True)
            except FileNotFoundError:
                return {}
        return {key: _status_of(details) for key, details in entries.items()}

    def current_status(self) -> FileStatus:
        """Of the file as it is now.

        Raises:
            AudioError: it has gone.
            DataError: it can't be reached.
        """
        with driver_errors(self.home, "can't open"):
            try:
                return _status_of(self.filesystem.info(self.key))
            except FileNotFoundError as error:
                raise AudioError(f"{self} does not exist any more") from error

    def fetch(self, path: Path) -> None:
        """Copy the file to a local one.

        Raises:
            DataError: it can't be fetched.
        """
        with driver_errors(self.home, "can't fetch"):
            self.filesystem.get_file(self.key, str(path))

    def send(self, path: Path, *, force: bool) -> None:
        """Put a local file here, whole or not at all; without ``force`` only if nothing lies here.

        What lies here already and is the same byte for byte counts as put: another worker was faster.

        Raises:
            OutputError: there is another file.
            DataError: it can't be sent.
        """
        with driver_errors(self.home, "can't write to"):
            filesystem = self.filesystem
            try:
                if filesystem.exists(self.key):
                    if self._equals(path):
                        return
                    if not force:
                        raise FileExistsError
                filesystem.put_file(str(path), self.key, **({} if force else {"mode": "create"}))
            except FileExistsError as error:
                filesystem.invalidate_cache()
                if not self._equals(path):
                    raise OutputError(
                        f"{self} exists already: use --force to replace it, or name another place"
                    ) from error

    def _equals(self, path: Path) -> bool:
        if self.filesystem.size(self.key) != path.stat().st_size:
            return False
        with path.open("rb") as ours, self.filesystem.open(self.key, "rb") as theirs:
            while block := ours.read(_COMPARED):
                if theirs.read(len(block)) != block:
                    return False
        return True


Place = Path | RemotePath


def place_of(path: Path | str) -> Place:
    """A path, or what a URL names; ``s3:/bucket`` is one too: `pathlib` makes one slash of two.

    Raises:
        DataError: there is no driver for the URL.
    """
    text = str(path)
    if isinstance(path, Path):
        if os.path.lexists(path):
            return path
        text = _COLLAPSED.sub(lambda match: f"{match[1]}://{'/' if match[1] == 'file' else ''}", text, count=1)
    if not is_url(text):
        return Path(path)
    filesystem, key = open_url(text)
    is_local = "file" in (filesystem.protocol if isinstance(filesystem.protocol, tuple) else (filesystem.protocol,))
    return Path(key) if is_local else RemotePath(text, key)


def is_remote(path: Path) -> bool:
    """Whether a path names a URL of a store."""
    return isinstance(place_of(path), RemotePath)


def status_of(place: Place) -> FileStatus:
    """Of a file, as it is now.

    Raises:
        AudioError: it has gone.
        DataError: its URL can't be reached.
    """
    if isinstance(place, RemotePath):
        return place.current_status()
    try:
        status = place.stat()
    except FileNotFoundError as error:
        raise AudioError(f"{place} does not exist, or its link leads nowhere: check the name") from error
    return FileStatus(status.st_size, status.st_mtime_ns)


def listed_status(place: Place) -> FileStatus:
    """Of a file, as it was listed; as it is now where it was not, or its size was not told, as by web pages.

    Raises:
        AudioError: it has gone.
        DataError: its URL can't be reached.
    """
    listed = place.status if isinstance(place, RemotePath) else None
    return listed if listed is not None and listed.size else status_of(place)


@contextmanager
def local_file(place: Place) -> Iterator[Path]:
    """A local file for the time of the block: the file itself, or a copy of one at a URL.

    Raises:
        DataError: it can't be fetched.
    """
    if isinstance(place, Path):
        yield place
        return
    with TemporaryDirectory(prefix="auricle-") as folder:
        path = Path(folder) / (place.name or "file")
        place.fetch(path)
        yield path


@contextmanager
def local_target(place: Place) -> Iterator[Path]:
    """Where to write a result: its place, or a file in a temporary folder that is to be sent from there."""
    with nullcontext() if isinstance(place, Path) else TemporaryDirectory(prefix="auricle-") as folder:
        yield place if isinstance(place, Path) else Path(str(folder)) / place.name


def written_statuses(target: Place) -> Callable[[str], FileStatus | None]:
    """What tells of the results below a target by their names; None for one that is not there.

    Raises:
        DataError: a URL can't be listed.
    """
    if isinstance(target, RemotePath):
        files, prefix = target.files(), f"{target.key.rstrip('/')}/"
        statuses = {key.removeprefix(prefix): FileStatus(status.size, NO_DATE) for key, status in files.items()}
        return statuses.get

    def local_status(name: str) -> FileStatus | None:
        try:
            status = (target / name).stat()
        except OSError:
            return None
        return FileStatus(status.st_size, status.st_mtime_ns)

    return local_status


def _status_of(details: dict[str, Any]) -> FileStatus:
    """Of what fsspec tells of a file: drivers name the time as they like, or not at all."""
    times = (details.get(name) for name in ("LastModified", "mtime", "updated", "modified", "last_modified", "created"))
    time = next((time for time in times if time is not None), 0)
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            time = 0
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    size = details.get("size")
    return FileStatus(int(size) if size is not None else 0, int(float(time)) * 10**9)  # some answers have no fractions
