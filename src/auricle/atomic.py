"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auricle.errors import OutputError


def check_writable(path: Path, *, force: bool) -> None:
    """Refuse early what could not be written at the end.

    Raises:
        OutputError: the file exists and ``force`` is false, it is no regular file, or its folder is missing or not
            writable.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name a file")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is a device or a pipe: name a file, or redirect standard output")
    if path.exists() and not force:
        raise OutputError(f"{path} exists already: use --force to replace it, or name another file")
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist: create it, or name another file")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"the folder {path.parent} is not writable: name a file elsewhere")


@contextmanager
def atomic_write(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it onto ``path`` if the block ends well, else remove it.

    The temporary name keeps the suffix of ``path``, so that libraries that choose a format by suffix work.

    Raises:
        OutputError: the file exists and ``force`` is false, or it can't be written.
    """
    check_writable(path, force=force)
    target = path.resolve()  # what a link points to is written, the link stays
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=target.parent)
    except OSError as error:
        raise OutputError(f"can't write to {path.parent}: {error.strerror}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
