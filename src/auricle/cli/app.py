"""The cyclopts application: verbs are found by name and loaded when they are called."""

from cyclopts import App

from auricle import __version__
from auricle.cli.verbs import SUMMARY, VERBS


def app() -> App:
    """Build the application."""
    made = App(
        name="auricle",
        help=SUMMARY,
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,  # auricle.cli.entry says it in one line
    )
    for name, summary in VERBS.items():
        made.command(f"auricle.cli.{name}:{name}", name=name, help=summary)
    return made
