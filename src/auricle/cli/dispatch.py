"""Where the command line starts and where every error ends."""

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Sequence
from types import NoneType
from typing import TYPE_CHECKING, get_args

from auricle import __version__
from auricle.cli.command_table import GROUPS, SMALL_STEPS, SUMMARY, VERBS, overview
from auricle.cli.signals import TerminationSignals
from auricle.cli.streams import (
    discard_unwritten,
    flush_output,
    output_errors,
    prepare_streams,
    print_output,
    print_to_stderr,
)
from auricle.errors import AuricleError, OptionError
from auricle.printable import printable

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

BAD_INPUT = 2
UNHEARD = 1
"""Exit code where whoever read the output has closed it."""
_HELP = frozenset(("-h", "--help", "--version"))
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; those of the process by default, which then is to end.

    Returns:
        the exit code: 0, 1 where some of many files failed, 2 for bad input (after one line on standard error), 128 and
        its number after a signal.
    """
    with TerminationSignals() as signals:
        try:
            signals.arm()
            prepare_streams()
            code = _outcome(list(sys.argv[1:] if arguments is None else arguments))
            signals.disarm()
        except BrokenPipeError:
            signals.disarm()
            code = UNHEARD
        except BaseException as error:
            signals.disarm()
            if signals.number is None and not isinstance(error, KeyboardInterrupt):
                raise
            code = _complain(signals.word if signals.number else "interrupted", 128 + (signals.number or signal.SIGINT))
        discard_unwritten()
    if arguments is None:
        with contextlib.suppress(ValueError):  # the interpreter's own end is no place to be interrupted in
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        gc.freeze()  # else the end of the process searches all of torch for cycles, for half a second
    return code


def _outcome(tokens: list[str]) -> int:
    if tokens and tokens[0] in SMALL_STEPS:
        _prefer_one_thread()
    try:
        if tokens in ([], ["-h"], ["--help"]):
            print_output(overview())
            code = 0
        else:
            code = _run(tokens)
        flush_output()
    except AuricleError as error:
        return _complain(f"error: {error}", BAD_INPUT)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _complain(f"error: {_system_error(error)}", BAD_INPUT)
    except MemoryError:
        return _complain("error: there is not enough memory for this", BAD_INPUT)
    return code


def app() -> "App":
    """Build the application: verbs are found by name and loaded when they are called."""
    from cyclopts import App  # slow to load, and help does without

    application = App(
        name="auricle",
        help=SUMMARY,
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,  # auricle.cli.dispatch says it in one line
        config=_refuse_fractions,
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


def _refuse_fractions(_app: "App", _commands: tuple[str, ...], arguments: "ArgumentCollection") -> None:
    """Refuse 1.5 where a whole number belongs, before cyclopts rounds it. As in Python, 2.0 is refused too.

    Raises:
        OptionError: with the option and the value.
    """
    for argument in arguments:
        types = set(get_args(argument.hint)) or {argument.hint}  # those of a union, or the one that it is
        if int not in types or not types <= {int, NoneType}:
            continue
        for token in argument.tokens:
            if "." in token.value:
                raise OptionError(f"{token.keyword or argument.name} {token.value}: give a whole number")


def protect_pipes(tokens: Sequence[str]) -> list[str]:
    """Arguments in which a bare ``-`` is not taken for an option: ``./-`` is the same path."""
    return ["./-" if token == "-" else token for token in tokens]


def _prefer_one_thread() -> None:
    """Unless the user asks for more. The libraries read this when they are loaded; later it would change nothing."""
    if "numpy" not in sys.modules:
        os.environ.update({name: "1" for name in _THREADS if name not in os.environ})


def _run(tokens: list[str]) -> int:
    """The exit code that the verb returns; 0 where it returns none."""
    from cyclopts import CycloptsError, UnusedCliTokensError

    shows_help = not _HELP.isdisjoint(tokens)
    try:
        with output_errors() if shows_help else contextlib.nullcontext():
            code = app()(protect_pipes(tokens), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        dashed = next((token for token in tokens if token.startswith("-") and os.path.lexists(token)), None)
        if dashed is not None:
            raise OptionError(f"{dashed} is taken for an option: write ./{dashed} for the file") from error
        verb = next((f" {name}" for name in VERBS if tokens[: name.count(" ") + 1] == name.split()), "")
        if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
            extra = ", ".join(map(repr, error.unused_tokens))
            count = "is one argument" if len(error.unused_tokens) == 1 else "are arguments"
            raise OptionError(f"{extra} {count} too many: see auricle{verb} --help") from error
        problem = " ".join(str(error).split()).partition(" Available commands")[0].rstrip(". ")
        where = f"see auricle{verb} --help"
        raise OptionError(f"{problem} ({where})" if problem.endswith("?") else f"{problem}: {where}") from error
    return code if isinstance(code, int) else 0


def _system_error(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return reason if error.filename is None else f"{error.filename}: {reason}"


def _complain(text: str, code: int) -> int:
    print_to_stderr(f"auricle: {printable(text)}")
    return code
