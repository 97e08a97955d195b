"""Matrices in one memory-mapped file, made once from sounds: what the caches of samples and of latents share."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import google_crc32c
import numpy as np

from auricle.atomic import rename_patiently, temporary_folder
from auricle.data.checksum import ChecksummedFile, array_checksum
from auricle.errors import DataError

_INDEX, _CHECKSUM = "index.json", "checksum"
_MAX_CHECKED_BYTES = 1 << 31  # that are read as a cache is opened: at 5 GB a second it takes less than the disk does


class SoundRows(NamedTuple):
    """The matrix of one sound: its offset in values, its rows, their width, the CRC-32C of its bytes."""

    name: str
    offset: int
    length: int
    width: int
    checksum: int


class RowCache:
    """A folder with one matrix ``(length, width)`` for each sound, mapped into memory as it is read, and an index.

    Attributes:
        folder: where it lies.
        names: name (path relative to the scanned folder) of each sound.
        lengths: int64, rows of each sound.
        checksums: of each sound's values as they were written: equal for equal sounds, whatever their names.
    """

    title: ClassVar[str]
    values_name: ClassVar[str]
    dtype: ClassVar[type[np.generic]]

    def __init__(self, folder: Path) -> None:
        """Open a finished cache and check it: all of its values up to 2 GB; of a larger one some sounds now, each other
        one when it is read first.

        Raises:
            DataError: the folder holds no cache, or a damaged one.
        """
        path = folder / self.values_name
        try:
            index = json.loads((folder / _INDEX).read_text("utf-8"))
            is_damaged = index.pop(_CHECKSUM) != _index_checksum(index)
            self._entries = tuple(SoundRows(*entry) for entry in index["sounds"])
            self._values = np.memmap(path, self.dtype, "r")
            last = self._entries[-1]
            is_damaged = is_damaged or self._values.size != last.offset + last.length * last.width
            self._checked = np.zeros(len(self._entries), bool)
            is_damaged = is_damaged or not all(map(self._is_intact, self._checked_at_once()))
            self.names = tuple(entry.name for entry in self._entries)
            self.checksums = tuple(entry.checksum for entry in self._entries)
            self.lengths = np.array([entry.length for entry in self._entries], np.int64)
            self._read_index(index)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise DataError(f"the {self.title} {folder} can't be read ({error}): delete this folder") from error
        if is_damaged:
            raise DataError(f"the {self.title} {folder} is damaged (its values have changed): delete this folder")
        self.folder = folder
        self.lengths.setflags(write=False)

    def _checked_at_once(self) -> list[int]:
        """Sounds that are checked as the cache is opened: all, or some that are spread evenly over a large cache."""
        count = len(self._entries)
        share = min(1.0, _MAX_CHECKED_BYTES / max(1, self._values.nbytes))
        return np.unique(np.linspace(0, count - 1, max(1, int(count * share))).astype(int)).tolist()

    def _is_intact(self, index: int) -> bool:
        """Whether a sound is as it was written."""
        entry = self._entries[index]
        values = self._values[entry.offset : entry.offset + entry.length * entry.width]
        self._checked[index] = array_checksum(values) == entry.checksum
        return bool(self._checked[index])

    def _read_index(self, index: dict[str, Any]) -> None:
        """Take what else the index holds."""

    @classmethod
    def open_or_write(
        cls, home: Path, write: Callable[[ChecksummedFile, Path], dict[str, Any]], on_note: Callable[[str], None]
    ) -> Self:
        """Open the cache ``home``; write it if it is not there, or damaged. It appears whole or not at all.

        Args:
            home: the folder of the cache.
            write: writes the values into a file, may use a folder for other files, and returns the index, whose
                ``sounds`` are entries.
            on_note: is told in one line if a damaged cache is made anew.

        Raises:
            DataError: the folder can't be written.
        """
        try:
            if home.exists():
                try:
                    return cls(home)
                except DataError as error:
                    problem = str(error).removesuffix(": delete this folder")
                on_note(f"{problem}: it is made anew")
                _discard_folder(home)  # here nothing of it is open any more: Windows renames nothing that is
            home.parent.mkdir(parents=True, exist_ok=True)
            with temporary_folder(home.parent) as folder:
                unfinished = folder / "cache"
                unfinished.mkdir()
                with (unfinished / cls.values_name).open("wb") as file:
                    values = ChecksummedFile(file)
                    index = write(values, folder)
                    values.finish()
                with (unfinished / _INDEX).open("w", encoding="utf-8") as file:
                    json.dump({**index, _CHECKSUM: _index_checksum(index)}, file)
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    rename_patiently(unfinished, home)
                except OSError:
                    if not home.exists():  # else another process made the same cache meanwhile: use it
                        raise
        except OSError as error:
            raise DataError(f"can't write the {cls.title} {home.parent}: {error.strerror or error}") from error
        return cls(home)

    def __len__(self) -> int:
        """Return the number of sounds."""
        return len(self._entries)

    def rows(self, index: int, start: int, count: int) -> np.ndarray:
        """Return ``(n, width)`` of a sound from row ``start`` on, n less than ``count`` where it ends; a view.

        Raises:
            DataError: the sound has changed since it was written.
        """
        assert start >= 0 and count >= 0, f"start {start} and count {count} must not be negative"
        entry = self._entries[index]
        if not self._checked[index] and not self._is_intact(index):
            raise DataError(
                f"the {self.title} {self.folder} is damaged ({entry.name} has changed): delete this folder and go on "
                "with --resume"
            )
        first = entry.offset + start * entry.width
        stored = max(0, min(count, entry.length - start))
        return self._values[first : first + stored * entry.width].reshape(stored, entry.width)


def _index_checksum(index: dict[str, Any]) -> int:
    return google_crc32c.value(json.dumps(index, sort_keys=True).encode("utf-8", "surrogatepass"))


def _discard_folder(home: Path) -> None:
    """Remove a folder at once: it is renamed first, so that no other process finds half of it."""
    with (
        temporary_folder(home.parent) as folder,
        contextlib.suppress(FileNotFoundError),  # another process was faster
    ):
        rename_patiently(home, folder / home.name)
