"""Which audio files lie below a folder, and a compact store for the names of a million of them."""

import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import final, overload

from auricle import audio
from auricle.errors import DataError


def audio_names(folder: Path, refuse: Callable[[Path, str], None]) -> Iterator[str]:
    """Yield the path, relative to ``folder``, of every file with an audio suffix, folder by folder in the order of
    names.

    Hidden files and folders are passed over. Links are followed; a file or folder reached twice counts once.

    Args:
        folder: where to look.
        refuse: is told about folders that can't be opened, and why.

    Raises:
        DataError: the folder is missing, or a file.
    """
    if not folder.exists():
        raise DataError(f"the folder {folder} does not exist: name a folder of sounds")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file: name the folder that holds the sounds")

    def closed(error: OSError) -> None:
        refuse(Path(error.filename), f"can't open this folder: {error.strerror}")

    root, seen = os.fspath(folder), _Seen()
    seen.is_new(root)
    for place, folders, files in os.walk(root, onerror=closed, followlinks=True):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and seen.is_new(os.path.join(place, name))  # noqa: PTH118
        )
        inside = os.path.relpath(place, root).replace(os.sep, "/")
        prefix = "" if inside == "." else f"{inside}/"
        for name in sorted(files):
            path = os.path.join(place, name)  # noqa: PTH118 (a Path each would take much longer)
            if not name.startswith(".") and audio.is_audio_name(name) and seen.is_new(path):
                yield prefix + name


@final
class _Seen:
    """Files met so far, by device and number."""

    def __init__(self) -> None:
        self._numbers: dict[int, set[int]] = {}

    def is_new(self, path: str) -> bool:
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError:
            return True  # a dangling link: opening it will say so
        numbers = self._numbers.setdefault(status.st_dev, set())
        before = len(numbers)
        numbers.add(status.st_ino)
        return len(numbers) > before


@final
class Names(Sequence[str]):
    """Names as one run of bytes: a name takes 8 bytes more than its letters."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._ends = array("Q")

    def append(self, name: str) -> None:
        """Add a name at the end."""
        self._text += os.fsencode(name)
        self._ends.append(len(self._text))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return the name at ``index``, or a list of those that a slice names."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        start = self._ends[index - 1] if index else 0
        return os.fsdecode(bytes(self._text[start : self._ends[index]]))

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._ends)
