"""Features kept for the next time, by what made them and by each file's place, size and time, each with a checksum."""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import final

import google_crc32c
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as serialize

from auricle.atomic import atomic_write
from auricle.errors import OutputError

_SUFFIX = ".features.safetensors"
_KEY_BYTES = 16
_MAX_BYTES = 4 << 30


def cache_folder(name: str) -> Path:
    """Where things of this kind are kept: below the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "auricle" / name


@final
class FeatureStore:
    """A cache of the features that one extractor made. Damaged rows count as absent.

    Args:
        folder: created when something is written; None keeps nothing.
        identity: of the extractor.

    Attributes:
        damage: what was damaged, in words; empty if nothing was.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self._path = None if folder is None else folder / f"{identity}{_SUFFIX}"
        self._rows, self.damage = ({}, "") if self._path is None else _load(self._path)
        self._fresh = False

    def get(self, path: Path) -> np.ndarray | None:
        """The row float32 ``(d,)`` of a file as it is now; None if there is none."""
        row = self._rows.get(_key(path))
        return None if row is None else row.astype(np.float32)

    def put(self, path: Path, values: np.ndarray) -> None:
        """Keep the row of a file."""
        self._rows[_key(path)] = values.astype(np.float16)
        self._fresh = True

    def save(self) -> None:
        """Write what is new. A folder that can't be written is no error: it only costs time."""
        if self._path is None or not self._fresh:
            return
        rows = {**_load(self._path)[0], **self._rows}  # another process may have added some
        size = len(next(iter(self._rows.values())))
        rows = {key: values for key, values in rows.items() if len(values) == size}
        arrays = {
            "keys": np.frombuffer(b"".join(rows), np.uint8).reshape(-1, _KEY_BYTES).copy(),
            "values": np.stack(list(rows.values())),
            "checksums": np.array([_checksum(key, values) for key, values in rows.items()], np.uint32),
        }
        with contextlib.suppress(OSError, OutputError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path, force=True) as temporary:
                temporary.write_bytes(serialize(arrays))
            _prune(self._path.parent, self._path)
        self._fresh = False


def _key(path: Path) -> bytes:
    try:
        status = path.stat()
        stamp = f"{status.st_size} {status.st_mtime_ns}"
    except OSError:
        stamp = "missing"
    return hashlib.sha256(f"{path.resolve()}\n{stamp}".encode("utf-8", "surrogateescape")).digest()[:_KEY_BYTES]


def _checksum(key: bytes, values: np.ndarray) -> int:
    return google_crc32c.extend(google_crc32c.value(key), values.tobytes())


def _load(path: Path) -> tuple[dict[bytes, np.ndarray], str]:
    """The rows of a file that are as they were written, by key, and what else there is to say."""
    try:
        arrays = load_file(path)
        if arrays.keys() == {"keys", "values"}:  # from before there were checksums
            return {}, ""
        keys, values, checksums = (arrays[name] for name in ("keys", "values", "checksums"))
    except FileNotFoundError:
        return {}, ""
    except (OSError, SafetensorError, LookupError, ValueError):
        return {}, f"the feature cache {path} is damaged: its features are made anew"
    types_fit = (keys.dtype, values.dtype, checksums.dtype) == (np.uint8, np.float16, np.uint32)
    if not types_fit or values.ndim != 2 or keys.shape != (len(values), _KEY_BYTES) or len(checksums) != len(values):
        return {}, f"the feature cache {path} is damaged: its features are made anew"
    entries = zip(map(bytes, keys), values, checksums.tolist(), strict=True)
    rows = {key: row for key, row, checksum in entries if _checksum(key, row) == checksum}
    damaged = len(values) - len(rows)
    return rows, f"{damaged} of {len(values)} features in {path} are damaged: they are made anew" if damaged else ""


def _prune(folder: Path, newest: Path) -> None:
    """Remove the oldest files until the rest take little enough room."""
    files = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
    room = _MAX_BYTES
    for file in files:
        room -= file.stat().st_size
        if room < 0 and file != newest:
            file.unlink(missing_ok=True)
