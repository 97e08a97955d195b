"""The files of an export in their folder: all of them or none, and what an earlier one left goes."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from auricle.atomic import atomic_write, check_writable
from auricle.lock import lock_new_folder

_CONFIG = "config.json"


def list_files(folder: Path) -> None:
    """Write into an export's configuration, if it has one, the SHA-256 of each other file: the next export into the
    same folder knows by it what is ours.
    """
    config = folder / _CONFIG
    if config.exists():
        digests = {path.name: _digest(path) for path in sorted(folder.iterdir()) if path != config}
        value = {**json.loads(config.read_text("utf-8")), "files": digests}
        config.write_text(json.dumps(value, separators=(",", ":"), allow_nan=False), "utf-8")


def move_in(source: Path, folder: Path, *, force: bool) -> dict[str, int]:
    """Copy all files of ``source`` beside their places, on the same disk, and only then give them their names; of an
    earlier export that had a configuration too, go the files that are not replaced and that nobody changed.

    Returns:
        names and sizes in bytes.

    Raises:
        OutputError: a file exists and ``force`` is false, or can't be written.
    """
    sources = sorted(source.iterdir())
    names = {path.name for path in sources}
    with lock_new_folder(folder):
        for name in names:
            check_writable(folder / name, force=force)
        earlier = _listed(folder / _CONFIG) if _CONFIG in names else {}
        with ExitStack() as stack:
            for path in sources:
                temporary = stack.enter_context(atomic_write(folder / path.name, force=force))
                shutil.copyfile(path, temporary)
                with temporary.open("r+b") as file:
                    os.fsync(file.fileno())  # some disks tell only here that they are full
        for name, digest in earlier.items():
            with suppress(OSError):  # nothing is lost if it stays
                if name not in names and _digest(folder / name) == digest:
                    (folder / name).unlink()
    return {path.name: path.stat().st_size for path in sources}


def _listed(config: Path) -> Mapping[str, str]:
    """Files of an earlier export, none in other folders, and their digests."""
    try:
        files = json.loads(config.read_text("utf-8"))["files"]
        return {name: digest for name, digest in files.items() if Path(name).name == name}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # not ours, or damaged
        return {}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
