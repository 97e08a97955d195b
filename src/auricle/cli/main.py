"""Where the command line starts and where every error ends."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from auricle import __version__
from auricle.cli.command_table import GROUPS, SMALL_STEPS, SUMMARY, VERBS, overview
from auricle.errors import AuricleError
from auricle.printable import printable

if TYPE_CHECKING:
    from cyclopts import App

BAD_INPUT = 2
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _TerminatedError(BaseException):
    """SIGTERM came: unwind like an interrupt, so that temporary files are removed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        the exit code: 0, 2 for bad input (after one line on standard error), 130 after an interrupt.
    """
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if tokens and tokens[0] in SMALL_STEPS:
        _prefer_one_thread()
    try:
        if tokens in ([], ["-h"], ["--help"]):
            print(overview(), flush=True)
            return 0
        with _terminable():
            return _run(tokens)
    except AuricleError as error:
        return _complain(f"error: {error}", BAD_INPUT)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except _TerminatedError:
        return _complain("terminated", TERMINATED)
    except BrokenPipeError:
        # Whoever read the output has closed it; keep the interpreter from complaining when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def app() -> "App":
    """Build the application: verbs are found by name and loaded when they are called."""
    from cyclopts import App  # slow to load, and help does without

    application = App(
        name="auricle",
        help=SUMMARY,
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,  # auricle.cli.main says it in one line
    )
    groups: dict[str, App] = {}
    for verb, summary in VERBS.items():
        first, _, second = verb.partition(" ")
        place = verb.replace("-", "_").replace(" ", "_")
        if second and first not in groups:
            groups[first] = App(name=first, help=GROUPS[first], help_format="plaintext", version_flags=[])
            application.command(groups[first])
        home = groups[first] if second else application
        home.command(f"auricle.cli.commands.{place}:{place}", name=second or first, help=summary)
    return application


def protect_pipes(tokens: Sequence[str]) -> list[str]:
    """Arguments in which a bare ``-`` is not taken for an option: ``./-`` is the same path."""
    return ["./-" if token == "-" else token for token in tokens]


def _prefer_one_thread() -> None:
    """Unless the user asks for more. The libraries read this when they are loaded; later it would change nothing."""
    if "numpy" not in sys.modules:
        os.environ.update({name: "1" for name in _THREADS if name not in os.environ})


def _run(tokens: list[str]) -> int:
    from cyclopts import CycloptsError

    try:
        app()(protect_pipes(tokens), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        verb = next((f" {name}" for name in VERBS if tokens[: name.count(" ") + 1] == name.split()), "")
        problem = " ".join(str(error).split()).rstrip(". ")
        return _complain(f"error: {problem}: see auricle{verb} --help", BAD_INPUT)
    return 0


def _complain(text: str, code: int) -> int:
    print(f"auricle: {printable(text)}", file=sys.stderr)
    return code


@contextmanager
def _terminable() -> Iterator[None]:
    def unwind(number: int, frame: FrameType | None) -> None:
        raise _TerminatedError

    try:
        before = signal.signal(signal.SIGTERM, unwind)
    except ValueError:  # not in the main thread: whoever calls handles signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
