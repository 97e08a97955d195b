"""Sounds at a URL (``s3://bucket/folder``, ``https://…``, ``memory://…``): a local copy of them, through fsspec."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, final
from urllib.parse import unquote, urlsplit

from auricle.atomic import atomic_write
from auricle.audio import is_audio_name
from auricle.data.scan import Rejected
from auricle.errors import DataError
from auricle.progress import OnProgress, Progress, ignore_progress

_THREADS = 8
_WAITING = 64
_PIECE = 1 << 20
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
class _Remote:
    """A file there, its size if that is told, and its name here."""

    place: str
    size: int | None
    name: str


def is_url(text: str | Path) -> bool:
    """Whether a place is named by a URL; ``C:\\sounds`` is none."""
    scheme, mark, _ = str(text).partition("://")
    return bool(mark) and len(scheme) > 1 and scheme.replace("+", "").replace(".", "").replace("-", "").isalnum()


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
    system, root = _open(url)
    rejected: list[Rejected] = []
    folder = Path(home) / f"sounds-{sha256(url.encode()).hexdigest()[:16]}"
    found = list(_listed(url, system, root, folder, rejected))
    if not found:
        reason = f": {rejected[0].reason}" if rejected else ": check the address"
        raise DataError(f"{_shown(url)} holds no audio files that can be fetched{reason}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_others(folder, {remote.name for remote in found})
        fetched = 0
        for count, outcome in enumerate(_fetch_all(system, found, folder), 1):
            match outcome:
                case Rejected():
                    rejected.append(outcome)
                case fresh:
                    fetched += fresh
            on_progress(Progress("fetching sounds", count, len(found), "files"))
    except OSError as error:
        raise DataError(f"can't write the copy of {_shown(url)} to {folder}: {error.strerror or error}") from error
    failed = {refused.path for refused in rejected}
    kept = sum(folder / remote.name not in failed for remote in found)
    return Mirror(folder, kept, fetched, tuple(rejected))


def _shown(url: str) -> str:
    """A URL without the password and the query that may be in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl() or url


@contextmanager
def _plainly(url: str, what: str) -> Iterator[None]:
    """Drivers raise what they like: say it in one line."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{what} {_shown(url)}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    words = " ".join(str(error).split()).rstrip(". ")
    return f"{type(error).__name__}: {words[:300]}" if words else type(error).__name__


def _open(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    scheme = url.partition("://")[0]
    try:
        return url_to_fs(url)
    except ImportError as error:
        package = _driver(scheme)
        raise DataError(f"reading {scheme}:// needs a driver that is not installed: pip install {package}") from error
    except ValueError as error:
        raise DataError(f"can't read {_shown(url)}: {_reason(error)}; use a local folder or another URL") from error
    except Exception as error:
        raise DataError(f"can't open {_shown(url)}: {_reason(error)}") from error


def _driver(scheme: str) -> str:
    """The package behind a scheme, from the start of its class's module."""
    from fsspec.registry import known_implementations

    module = known_implementations.get(scheme, {}).get("class", "").split(".")[0]
    return "aiohttp" if scheme in ("http", "https") else module if module not in ("", "fsspec") else f"fsspec[{scheme}]"


def _listed(url: str, system: Any, root: str, folder: Path, rejected: list[Rejected]) -> Iterator[_Remote]:
    names: set[str] = set()
    with _plainly(url, "can't list"):
        entries = system.find(root, detail=True)
    for place, about in sorted(entries.items()):
        if not is_audio_name(urlsplit(place).path if place.startswith(("http:", "https:")) else place):
            continue
        name = _local_name(place, root)
        if name is None or name in names:
            rejected.append(Rejected(folder, f"{_shown(place)} has a name that can't be used here: rename it"))
            continue
        names.add(name)
        size = about.get("size")
        yield _Remote(place, size if isinstance(size, int) else None, name)


def _local_name(place: str, root: str) -> str | None:
    """The path below the copy, or None if it would leave it or can't be a name here."""
    if place.startswith(("http:", "https:")):
        place, root = (unquote(urlsplit(each).path) for each in (place, root))
    base = root.rstrip("/")
    if not place.startswith(f"{base}/") and place != base:
        return None  # a page may link to anywhere
    relative = place[len(base) :].lstrip("/") or PurePosixPath(place).name
    parts = relative.split("/")
    bad = any(
        part in ("", ".", "..") or len(os.fsencode(part)) > _LONGEST_NAME or any(letter in part for letter in "\\\0:")
        for part in parts
    )
    return None if bad else relative


def _remove_others(folder: Path, names: Iterable[str]) -> None:
    wanted = set(names)
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in wanted:
            path.unlink()


def _fetch_all(system: Any, found: list[_Remote], folder: Path) -> Iterator[bool | Rejected]:
    """Whether each file was fetched (or was there), in order; a few at a time."""
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[Future[bool | Rejected]] = deque()
        try:
            for remote in found:
                waiting.append(pool.submit(_fetch, system, remote, folder))
                if len(waiting) > _WAITING:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch(system: Any, remote: _Remote, folder: Path) -> bool | Rejected:
    target = folder / remote.name
    if target.is_file() and target.stat().st_size == remote.size:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_write(target, force=True) as temporary, temporary.open("wb") as file:
            _download(system, remote, file)
    except _FetchError as error:
        return Rejected(target, f"can't fetch {_shown(remote.place)}: {error}")
    return True


class _FetchError(Exception):
    """The other side failed, not this disk."""


def _download(system: Any, remote: _Remote, file: Any) -> None:
    copied = 0
    for piece in _pieces(system, remote):
        file.write(piece)
        copied += len(piece)
    if remote.size is not None and copied != remote.size:
        raise _FetchError(f"{copied} of {remote.size} bytes came")


def _pieces(system: Any, remote: _Remote) -> Iterator[bytes]:
    try:
        with system.open(remote.place, "rb") as source:
            while piece := source.read(_PIECE):
                yield piece
    except GeneratorExit:
        raise
    except Exception as error:
        raise _FetchError(_reason(error)) from error
