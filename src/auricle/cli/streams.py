"""The three standard streams, in whatever state the shell has left them."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from auricle.errors import OutputError


def prepare_streams() -> None:
    """Let nothing that is opened later take the place of a closed stream, and show what a terminal has no letters for
    as escapes.

    Using a closed standard input or output then fails like any file that can't be read or written; what goes to a
    closed standard error is lost.
    """
    # Closed, they are opened the wrong way round: so that reading and writing fail.
    for descriptor, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        if not _is_open(descriptor):
            os.set_inheritable(os.open(os.devnull, flags), True)  # the lowest free number: this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_output(*lines: str) -> None:
    """Lines on standard output.

    Raises:
        OutputError: it can't be written. A `BrokenPipeError` passes: whoever reads has seen enough.
    """
    with output_errors():
        print(*lines, sep="\n", flush=True)


def flush_output() -> None:
    """Write what waits to be written to standard output; errors are those of `print_output`."""
    with output_errors():
        sys.stdout.flush()


@contextmanager
def output_errors() -> Iterator[None]:
    """What goes wrong inside the block is told of standard output.

    Raises:
        OutputError: it can't be written. A `BrokenPipeError` passes.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if sys.platform == "win32" and error.errno == errno.EINVAL:  # what it says where nobody reads
            raise BrokenPipeError(*error.args) from error
        raise OutputError(f"can't write standard output: {error.strerror or error}") from error


def print_to_stderr(*lines: str) -> None:
    """Lines on standard error; no work ends because it can't be shown."""
    with contextlib.suppress(OSError):
        print(*lines, sep="\n", file=sys.stderr, flush=True)


def discard_unwritten() -> None:
    """Keep the interpreter from complaining about what can't be written when it flushes its streams at the end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _redirect_to_nowhere(stream)


def _redirect_to_nowhere(stream: TextIO) -> None:
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
