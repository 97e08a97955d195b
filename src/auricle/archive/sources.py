"""Which files a run works on: of folders, URLs, globs, lists and single names; and what each is called below the
target."""

import glob
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final
from urllib.parse import unquote, urlsplit

from auricle.archive.places import Place, RemotePath, is_remote, place_of
from auricle.errors import AudioError, DataError, OptionError

MANIFEST_NAME = "manifest.jsonl"
"""The ledger that a run keeps in the folder that it writes into."""

_WILDCARDS = frozenset("*?[")
_ANY_DEPTH = "**"
_LONGEST_NAME = 255


@final
@dataclass(frozen=True, slots=True)
class Source:
    """A file to work on.

    Attributes:
        path: where it is.
        name: its place below what was named, with forward slashes: where the result lies below the target.
    """

    path: Place
    name: str


@final
@dataclass(frozen=True)
class SourceList:
    """Files to work on, by name.

    Attributes:
        sources: each once.
        rejected: folders and links that can't be entered, and why.
        notes: links that were left out without loss, in words.
        others: number of files of other kinds that were passed over.
    """

    sources: tuple[Source, ...]
    rejected: tuple[tuple[Place, str], ...]
    notes: tuple[str, ...]
    others: int


def is_many(paths: Sequence[Path]) -> bool:
    """Whether paths name more than one file: several, a folder or a glob; or one at a URL, which is worked on alike."""
    return len(paths) > 1 or any(is_remote(path) or path.is_dir() or _is_glob(path) for path in paths)


def find_sources(
    paths: Sequence[Place],
    listed: Sequence[Place],
    accepts: Callable[[str], bool],
    kind: str,
    *,
    as_named: bool = False,
) -> SourceList:
    """Every file that was named. Hidden ones in folders are passed over; links are followed, but no folder twice.

    Files of one folder are called by their place in it, those of several by the folder's name before it; those of a
    glob by their place below its fixed part; files of a list by their place below the folder that all share; others by
    their bare name.

    Args:
        paths: files, folders, URLs of either, and globs.
        listed: files, folders and URLs of a list.
        accepts: whether a file of this name is of the kind, where a folder or a glob names it.
        kind: of the files, for messages, as ``audio files``.
        as_named: call single files, and folders of several, by their whole path: nothing is written after their names.

    Raises:
        DataError: none of the paths exists, or none holds a file of the kind.
        OptionError: nothing was named.
    """
    if not (paths or listed):
        raise OptionError(f"nothing to read: name {kind}, or a folder of them")
    finder = _Finder(accepts)
    alone = len(paths) + len(listed) == 1
    for path in (*paths, *listed):
        if isinstance(path, RemotePath):
            finder.add_url(path, alone=alone, as_named=as_named)
    for path in paths:
        if isinstance(path, RemotePath):
            continue
        if path.is_dir():
            finder.add_folder(path, "" if alone else f"{path if as_named else path.resolve().name}/")
        elif _is_glob(path):
            finder.add_glob(path, kind)
        else:
            finder.add_file(path, str(path) if as_named else path.name)
    local = [path for path in listed if isinstance(path, Path)]
    shared = _shared_folder(local)
    for path in local:
        name = os.path.relpath(path, shared).replace(os.sep, "/")
        if path.is_dir():
            finder.add_folder(path, "" if name == "." else f"{name}/")
        else:
            finder.add_file(path, name)
    result = finder.result()
    if not result.sources:
        reason = f"; the first problem: {result.rejected[0][1]}" if result.rejected else ""
        places = ", ".join(map(str, (*paths, *listed)[:3]))
        raise DataError(f"{places} holds no {kind}: name others{reason}")
    _refuse_missing(result.sources)
    return result


def read_list(file: Iterable[str], name: str = "standard input") -> tuple[Place, ...]:
    """Paths and URLs, one a line; empty lines do not count, nor the mark of UTF-8 with which Windows begins a list.

    Args:
        file: the lines.
        name: of the list, for messages.

    Raises:
        OptionError: a line holds a zero byte: paths were divided by them, or a sound was named for a list.
    """
    lines = [line.rstrip("\r\n") for line in file if line.strip()]
    if any("\0" in line for line in lines):
        raise OptionError(
            f"the list {name} holds zero bytes: give a text file with one path a line, as find -print has"
        )
    return tuple(place_of(line.removeprefix("\ufeff") if n == 0 else line) for n, line in enumerate(lines))


def _refuse_missing(sources: Sequence[Source]) -> None:
    """One that is missing among others is a line in the ledger; where all are, a name was mistyped."""
    if any(not isinstance(source.path, Path) or os.path.lexists(source.path) for source in sources):
        return
    first = f"{sources[0].path} does not exist: check the name"
    raise DataError(first if len(sources) == 1 else f"none of {len(sources)} files is there; the first: {first}")


def _is_glob(path: Path) -> bool:
    return not _WILDCARDS.isdisjoint(str(path)) and not os.path.lexists(path)


def _shared_folder(paths: Sequence[Path]) -> Path:
    parents = [os.path.abspath(path if path.is_dir() and len(paths) == 1 else path.parent) for path in paths]  # noqa: PTH100
    try:
        return Path(os.path.commonpath(parents)) if parents else Path()
    except ValueError as error:  # two drives of Windows
        raise OptionError("the files of the list share no folder: give a list for each drive") from error


@final
class _Finder:
    """Collects files; each path once."""

    def __init__(self, accepts: Callable[[str], bool]) -> None:
        self._accepts = accepts
        self._sources: dict[str, Source] = {}
        self._places: dict[tuple[int, int], str] = {}
        self._rejected: list[tuple[Place, str]] = []
        self._notes: list[str] = []
        self._others: set[str] = set()

    def result(self) -> SourceList:
        sources = sorted(self._sources.values(), key=lambda source: (source.name, str(source.path)))
        return SourceList(tuple(sources), tuple(dict.fromkeys(self._rejected)), tuple(self._notes), len(self._others))

    def add_file(self, path: Path, name: str) -> None:
        self._sources.setdefault(os.path.abspath(path), Source(path, name))  # noqa: PTH100 (links keep their names)

    def _add_other(self, path: Path) -> None:
        self._others.add(os.path.abspath(path))  # noqa: PTH100 (links keep their names)

    def add_url(self, place: RemotePath, *, alone: bool, as_named: bool) -> None:
        """The files below a URL, or the one that it names; called as those of a folder."""
        try:
            files = place.files() or {place.key: place.current_status()}
        except AudioError as error:
            raise DataError(f"nothing lies at {place}: check the address") from error
        base = place.key.rstrip("/")
        prefix = "" if alone else f"{place if as_named else place.name}/"
        for key, status in sorted(files.items()):
            name = _url_path(key).removeprefix(_url_path(base)).lstrip("/")
            file = RemotePath(place.home, key, status)
            if not name:
                self._sources.setdefault(str(file), Source(file, str(file) if as_named else file.name))
            elif _is_odd(name):
                self._rejected.append((file, f"{file} has a name that can't be used here: rename it"))
            elif any(part.startswith(".") for part in name.split("/")):
                continue
            elif self._accepts(name.rpartition("/")[2]):
                self._sources.setdefault(str(file), Source(file, f"{prefix}{name}"))
            else:
                self._others.add(str(file))

    def add_glob(self, pattern: Path, kind: str) -> None:
        fixed = Path(*_before_wildcards(pattern.parts))
        matches = sorted(set(self._matches(pattern)))
        if not matches:
            raise DataError(f"nothing matches {pattern}: name {kind}, or a folder of them")
        for match in matches:
            name = os.path.relpath(match, fixed).replace(os.sep, "/")
            if match.is_dir():
                self.add_folder(match, "" if name == "." else f"{name}/")
            elif self._accepts(match.name):
                self.add_file(match, name)
            else:
                self._add_other(match)

    def _matches(self, pattern: Path) -> Iterator[Path]:
        """What a glob matches. ``**`` goes into each folder once: that of `glob` goes round in a circle of links forty
        times, and with two of them it never ends.
        """
        if _ANY_DEPTH not in pattern.parts:
            yield from map(Path, glob.glob(str(pattern)))  # noqa: PTH207 (hidden ones stay hidden)
            return
        depth = pattern.parts.index(_ANY_DEPTH)
        rest = pattern.parts[depth + 1 :]
        for root in self._matches(Path(*pattern.parts[:depth])):
            if not rest and root.is_dir():
                yield root
            elif root.is_dir():
                for folder in self._folders_below(root):
                    yield from self._matches(Path(glob.escape(str(folder)), *rest))

    def _folders_below(self, root: Path) -> Iterator[Path]:
        """A folder and all folders in it, real ones before linked ones, each once."""
        links, places = deque([str(root)]), dict[tuple[int, int], str]()
        while links:
            stack = [links.popleft()]
            while stack:
                path = stack.pop()
                if not self._enters(path, places):
                    continue
                yield Path(path)
                for entry in self._entries(path):
                    if Path(entry.path).is_dir():
                        (links if entry.is_symlink() else stack).append(entry.path)

    def add_folder(self, folder: Path, prefix: str) -> None:
        """The files of a folder: real folders before linked ones, so that each keeps its own place."""
        links: deque[tuple[str, str]] = deque([(str(folder), prefix)])
        while links:
            path, place = links.popleft()
            stack = [(path, place)]
            while stack:
                path, place = stack.pop()
                if not self._enters(path, self._places):
                    continue
                for entry in self._entries(path):
                    if is_folder := self._is_folder(entry):
                        (links if entry.is_symlink() else stack).append((entry.path, f"{place}{entry.name}/"))
                    elif is_folder is None:
                        continue
                    elif self._accepts(entry.name):
                        self.add_file(Path(entry.path), f"{place}{entry.name}")
                    elif entry.name != MANIFEST_NAME:
                        self._add_other(Path(entry.path))

    def _enters(self, path: str, places: dict[tuple[int, int], str]) -> bool:
        """Whether nobody has been in this folder.

        Args:
            path: the folder.
            places: folders that were entered before, by device and number; this one is added.
        """
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError as error:
            self._rejected.append((Path(path), f"can't open the folder {path}: {error.strerror}"))
            return False
        number = (status.st_dev, status.st_ino)
        earlier = places.setdefault(number, path)
        note = f"left out: {path} leads to {earlier}, which is read there"
        if earlier != path and note not in self._notes:
            self._notes.append(note)
        return earlier == path

    def _entries(self, path: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            self._rejected.append((Path(path), f"can't open the folder {path}: {error.strerror}"))
            return
        yield from sorted(visible, key=lambda entry: entry.name)

    def _is_folder(self, entry: os.DirEntry[str]) -> bool | None:
        """None where nobody can tell: that is noted."""
        try:
            return entry.is_dir()
        except OSError as error:  # links that lead round in a circle
            self._rejected.append((Path(entry.path), f"can't open {entry.path}: {error.strerror}"))
            return None


def _url_path(key: str) -> str:
    """The path that a web address names; keys of other stores are paths."""
    return unquote(urlsplit(key).path) if key.startswith(("http:", "https:")) else key


def _is_odd(name: str) -> bool:
    """Whether a name would leave the folder, or can't be one."""
    return any(
        part in ("", ".", "..") or len(os.fsencode(part)) > _LONGEST_NAME or not set("\\\0:").isdisjoint(part)
        for part in name.split("/")
    )


def _before_wildcards(parts: Sequence[str]) -> Iterator[str]:
    for part in parts[:-1]:
        if not _WILDCARDS.isdisjoint(part):
            return
        yield part
