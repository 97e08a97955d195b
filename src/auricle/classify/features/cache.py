"""Features kept for the next time, by what made them and by each file's place, size and time."""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

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
    """A cache of the features that one extractor made. A damaged one counts as empty.

    Args:
        folder: created when something is written; None keeps nothing.
        identity: of the extractor.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self._path = None if folder is None else folder / f"{identity}{_SUFFIX}"
        self._rows = {} if self._path is None else _load(self._path)
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
        rows = {**_load(self._path), **self._rows}  # another process may have added some
        size = len(next(iter(self._rows.values())))
        rows = {key: values for key, values in rows.items() if len(values) == size}
        keys = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, _KEY_BYTES)
        with contextlib.suppress(OSError, OutputError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path, force=True) as temporary:
                save_file({"keys": keys.copy(), "values": np.stack(list(rows.values()))}, temporary)
            _prune(self._path.parent, self._path)
        self._fresh = False


def _key(path: Path) -> bytes:
    try:
        status = path.stat()
        stamp = f"{status.st_size} {status.st_mtime_ns}"
    except OSError:
        stamp = "missing"
    return hashlib.sha256(f"{path.resolve()}\n{stamp}".encode("utf-8", "surrogateescape")).digest()[:_KEY_BYTES]


def _load(path: Path) -> dict[bytes, np.ndarray]:
    try:
        arrays = load_file(path)
        keys, values = arrays["keys"], arrays["values"]
    except (OSError, SafetensorError, LookupError, ValueError):
        return {}
    sound = keys.dtype == np.uint8 and values.dtype == np.float16 and keys.shape == (len(values), _KEY_BYTES)
    if not sound or values.ndim != 2 or not np.isfinite(values).all():
        return {}
    return dict(zip(map(bytes, keys), values, strict=True))


def _prune(folder: Path, newest: Path) -> None:
    """Remove the oldest files until the rest take little enough room."""
    files = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
    room = _MAX_BYTES
    for file in files:
        room -= file.stat().st_size
        if room < 0 and file != newest:
            file.unlink(missing_ok=True)
