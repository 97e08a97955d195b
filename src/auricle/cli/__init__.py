"""The command ``auricle``: one verb for each job, over the public API."""

import signal

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run the command line; see `auricle.cli.dispatch.main`, which is loaded first.

    An interrupt meanwhile only ends the process.
    """
    if arguments is None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from auricle.cli.dispatch import main as run

    return run(arguments)
