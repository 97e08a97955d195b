"""Files that are open already (an upload, `io.BytesIO`, a pipe), where a path could stand as well."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast, final

from auricle.atomic import temporary_folder
from auricle.errors import AuricleError, OptionError, OutputError

FileSource = str | PathLike[str] | BinaryIO
"""A path; or an open binary file, which is read from where it stands and is not closed."""
_MOST_BYTES = 4 << 30
_CHUNK_BYTES = 1 << 20


@final
class LocalFile(NamedTuple):
    """A file on a disk: its path, and what messages call it."""

    path: Path
    name: Path


def binary_stream(source: object, advice: str = "a path or an open binary file") -> BinaryIO:
    """An open binary file.

    Raises:
        OptionError: it is something else, or closed.
    """
    if isinstance(source, io.TextIOBase):
        raise OptionError("the file is open as text: open it with the mode 'rb'")
    if not callable(getattr(source, "read", None)):
        advice = "io.BytesIO(it)" if isinstance(source, bytes | bytearray) else advice
        raise OptionError(f"nothing can be read from {type(source).__name__}: give {advice}")
    if getattr(source, "closed", False):
        raise OptionError(f"{stream_name(cast('BinaryIO', source))} is closed: open it again")
    return cast("BinaryIO", source)


def stream_name(stream: BinaryIO, default: str = "the open file") -> str:
    """The name that an open file has, if it is one of a file."""
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) and name and not name.startswith("<") else default


@contextmanager
def put_back(stream: BinaryIO) -> Iterator[None]:
    """Whatever is read within, let an open file that can seek stand where it stood."""
    try:
        start = stream.tell() if stream.seekable() else None
    except (OSError, AttributeError):  # what can only be read
        start = None
    yield
    if start is not None:
        stream.seek(start)


@contextmanager
def local_file(source: FileSource) -> Iterator[LocalFile]:
    """A file that can be read as often as need be: the path itself, or a temporary copy of what is open.

    An open file that can seek is left where it stood. Errors within name what was given, not the copy.

    Raises:
        OptionError: the source is nothing to read from.
        OutputError: an open file can't be read or stored, or has more than 4 GiB.
    """
    if isinstance(source, str | PathLike):
        yield LocalFile(Path(source), Path(source))
        return
    stream = binary_stream(source)
    name = stream_name(stream, "standard input" if getattr(stream, "name", None) == "<stdin>" else "the open file")
    with temporary_folder() as folder:
        path = folder / "copy"
        with put_back(stream):
            _store(stream, name, path)
        try:
            yield LocalFile(path, Path(name))
        except AuricleError as error:
            raise type(error)(str(error).replace(str(path), name)) from error


def _store(stream: BinaryIO, name: str, path: Path) -> None:
    size = 0
    try:
        with path.open("wb") as file:
            while part := stream.read(_CHUNK_BYTES):
                size += len(part)
                if size > _MOST_BYTES:
                    raise OutputError(f"{name} has more than {_MOST_BYTES >> 30} GiB: save it as a file, and name that")
                file.write(part)
    except OSError as error:
        raise OutputError(f"can't store {name} to read it: {error.strerror or error}") from error
