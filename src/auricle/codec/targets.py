"""Where a compressed or decoded sound goes: a file that appears when it is whole, or a pipe."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from auricle.atomic import atomic_write, check_writable
from auricle.errors import OptionError, OutputError


def refuse_same_file(source: object, target: Path | str | BinaryIO) -> None:
    """Refuse to write onto what is read.

    Raises:
        OptionError: both are the same file.
    """
    if not (isinstance(source, Path | str) and isinstance(target, Path | str)):
        return
    if Path(target).exists() and Path(source).exists() and Path(target).samefile(source):
        raise OptionError(f"{target} is the source itself: name another file")


def check_target(target: Path | str | BinaryIO, *, force: bool) -> None:
    """Refuse early what could not be written at the end.

    Raises:
        OutputError: the file exists and ``force`` is false, or its folder is missing or not writable.
    """
    if isinstance(target, Path | str):
        check_writable(Path(target), force=force)


@contextmanager
def open_target(target: Path | str | BinaryIO, *, force: bool) -> Iterator[tuple[BinaryIO, bool]]:
    """Open what is written to, and tell whether it can be moved in: a file that appears when it is whole, or a pipe.

    Raises:
        OutputError: it can't be written.
    """
    if isinstance(target, Path | str):
        with atomic_write(Path(target), force=force) as temporary, temporary.open("wb") as file:
            yield file, True
        return
    try:
        yield target, False
        target.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"can't write the output: {error.strerror or error}") from error
