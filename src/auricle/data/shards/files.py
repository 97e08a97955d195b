"""Bytes of shards, from a folder or from an object store: what a crop needs is read, and nothing else."""

import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, final

from auricle.errors import DataError

_MOST_OPEN = 128
_TRIES, _PAUSE_SECONDS = 4, 0.5


class ShardFiles(ABC):
    """Shards of a corpus, by their names.

    Attributes:
        place: folder or URL, for messages.
        is_local: whether reading costs next to nothing.
    """

    place: str
    is_local: bool

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """Size of each file in bytes, by its name."""

    @abstractmethod
    def read(self, name: str, start: int, size: int) -> bytes:
        """Bytes of a shard.

        Raises:
            DataError: they can't be read.
        """


@final
class LocalShards(ShardFiles):
    """In a folder."""

    is_local = True

    def __init__(self, folder: Path) -> None:
        self._folder, self.place = folder, str(folder)
        self._lock, self._open = threading.Lock(), OrderedDict[str, BinaryIO]()

    def sizes(self) -> dict[str, int]:
        """Size of each file in bytes, by its name."""
        return {path.name: path.stat().st_size for path in self._folder.iterdir() if path.suffix == ".tar"}

    def read(self, name: str, start: int, size: int) -> bytes:
        """Bytes of a shard: read, not mapped, so that memory stays flat.

        Raises:
            DataError: they can't be read.
        """
        try:
            with self._lock:
                file = self._file(name)
                file.seek(start)
                data = file.read(size)
        except OSError as error:
            raise DataError(f"can't read {self._folder / name}: {error.strerror or error}") from error
        if len(data) != size:
            raise DataError(f"{self._folder / name} is cut off: prepare the corpus again")
        return data

    def _file(self, name: str) -> BinaryIO:
        file = self._open.pop(name, None) or (self._folder / name).open("rb", buffering=0)
        self._open[name] = file
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        return file


@final
class RemoteShards(ShardFiles):
    """At a URL, by requests for ranges of bytes.

    Args:
        filesystem: of fsspec.
        root: of the corpus there.
        url: for messages.
    """

    is_local = False

    def __init__(self, filesystem: Any, root: str, url: str) -> None:
        self._filesystem, self._root, self.place = filesystem, root.rstrip("/"), url

    def sizes(self) -> dict[str, int]:
        """Size of each file in bytes, by its name."""
        return {
            entry["name"].rpartition("/")[2]: int(entry["size"] or 0)
            for entry in self._filesystem.ls(self._root, detail=True)
        }

    def read(self, name: str, start: int, size: int) -> bytes:
        """Bytes of a shard; a request that fails is made again a few times.

        Raises:
            DataError: they can't be read.
        """
        path, problem = f"{self._root}/{name}", ""
        for attempt in range(_TRIES):
            try:
                data = self._filesystem.cat_file(path, start=start, end=start + size)
            except Exception as error:  # drivers raise what they like
                problem = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            else:
                if len(data) == size:
                    return data
                problem = f"{len(data)} of {size} bytes came"
            time.sleep(_PAUSE_SECONDS * attempt)
        raise DataError(f"can't read {self.place}/{name}, {_TRIES} times: {problem}")


def missing_shards(sizes: dict[str, int], names: Sequence[str], expected: Sequence[int]) -> list[str]:
    """Shards that are not there, or of another size."""
    return [name for name, size in zip(names, expected, strict=True) if sizes.get(name) != size]
