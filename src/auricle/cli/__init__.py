"""The command ``auricle``: one verb for each job, over the public API."""

import signal
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see `auricle.cli.main.main`, which is loaded first: an interrupt meanwhile only ends the
    process."""
    if arguments is None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from auricle.cli.main import main as run

    return run(arguments)
