"""Sounds at a URL (``s3://bucket/folder``, ``https://…``, ``memory://…``): a local copy of them, through fsspec."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, final
from urllib.parse import unquote, urlsplit

from auricle.atomic import atomic_write
from auricle.audio import is_audio_name
from auricle.data.ordered_map import ordered_map
from auricle.data.scan import Rejected
from auricle.errors import DataError
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.urls import driver_errors, open_url, public_url

_THREADS = 8
_QUEUE = 64
_LONGEST_NAME = 200


@final
@dataclass(frozen=True)
class Mirror:
    """A local copy of the sounds at a URL.

    Attributes:
        folder: where it lies.
        files: how many sounds it holds.
        fetched: how many of them were not there before.
        rejected: files that could not be fetched, by their place in the copy, and why.
    """

    folder: Path
    files: int
    fetched: int
    rejected: tuple[Rejected, ...]


@final
@dataclass(frozen=True, slots=True)
class _RemoteFile:
    """A file there, its size if that is told, and its name here."""

    url: str
    size: int | None
    name: str


def local_copy(url: str, home: Path | str, *, on_progress: OnProgress = ignore_progress) -> Mirror:
    """Copy every audio file below a URL into a folder below ``home``, which is named by a digest of the URL.

    Files that are there already with the same size are kept, so that an interrupted copy goes on; each file appears
    whole or not at all. Files that are gone from the URL are removed from the copy. A file that can't be fetched is
    listed and left out. Credentials are those that the URL's driver finds by itself (environment, configuration files).

    Args:
        url: any that fsspec knows: ``s3://bucket/folder``, ``gs://…``, ``https://…`` (a page with links), ``file://…``.
        home: the folder that holds the copy.
        on_progress: is told how many files are there.

    Raises:
        DataError: there is no driver for the URL, it can't be listed or holds no audio files, or ``home`` can't be
            written.
    """
    filesystem, root = open_url(url)
    rejected: list[Rejected] = []
    folder = Path(home) / f"sounds-{sha256(url.encode()).hexdigest()[:16]}"
    files = list(_list_files(url, filesystem, root, folder, rejected))
    if not files:
        reason = f": {rejected[0].reason}" if rejected else ": check the address"
        raise DataError(f"{public_url(url)} holds no audio files that can be fetched{reason}")
    fetched = failed = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_others(folder, {file.name for file in files})
        fetching = ordered_map(partial(_fetch, filesystem, folder), files, threads=_THREADS, queue=_QUEUE)
        with closing(fetching) as outcomes:
            for count, outcome in enumerate(outcomes, 1):
                if isinstance(outcome, Rejected):
                    failed += 1
                    rejected.append(outcome)
                else:
                    fetched += outcome
                on_progress(Progress("fetching sounds", count, len(files), "files"))
    except OSError as error:
        raise DataError(f"can't write the copy of {public_url(url)} to {folder}: {error.strerror or error}") from error
    return Mirror(folder, len(files) - failed, fetched, tuple(rejected))


def _list_files(url: str, filesystem: Any, root: str, folder: Path, rejected: list[Rejected]) -> Iterator[_RemoteFile]:
    names: set[str] = set()
    with driver_errors(url, "can't list"):
        entries = filesystem.find(root, detail=True)
    for place, details in sorted(entries.items()):
        path, base = place, root
        if place.startswith(("http:", "https:")):
            path, base = unquote(urlsplit(place).path), unquote(urlsplit(root).path)
        if not is_audio_name(path):
            continue
        name = _relative_path(path, base)
        if name is None or name in names:
            rejected.append(Rejected(folder, f"{public_url(place)} has a name that can't be used here: rename it"))
            continue
        names.add(name)
        size = details.get("size")
        yield _RemoteFile(place, size if isinstance(size, int) else None, name)


def _relative_path(path: str, base: str) -> str | None:
    """The path below the copy, or None if it would leave it or can't be a name here."""
    base = base.rstrip("/")
    if not path.startswith(f"{base}/") and path != base:
        return None  # a page may link to anywhere
    relative = path[len(base) :].lstrip("/") or PurePosixPath(path).name
    bad = any(
        part in ("", ".", "..") or len(os.fsencode(part)) > _LONGEST_NAME or any(letter in part for letter in "\\\0:")
        for part in relative.split("/")
    )
    return None if bad else relative


def _remove_others(folder: Path, names: set[str]) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in names:
            path.unlink()


def _fetch(filesystem: Any, folder: Path, file: _RemoteFile) -> bool | Rejected:
    """Whether the file had to be fetched."""
    target = folder / file.name
    if target.is_file() and target.stat().st_size == file.size:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_write(target, force=True) as temporary, driver_errors(file.url, "can't fetch"):
            filesystem.get_file(file.url, str(temporary))
            size = temporary.stat().st_size
            if file.size not in (None, size):
                raise EOFError(f"{size} of {file.size} bytes came")
    except DataError as error:
        return Rejected(target, str(error))
    return True
