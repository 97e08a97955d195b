"""The cyclopts application: verbs are found by name and loaded when they are called."""

from cyclopts import App

from auricle import __version__
from auricle.cli.verbs import GROUPS, SUMMARY, VERBS


def app() -> App:
    """Build the application."""
    made = App(
        name="auricle",
        help=SUMMARY,
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,  # auricle.cli.entry says it in one line
    )
    groups: dict[str, App] = {}
    for verb, summary in VERBS.items():
        first, _, second = verb.partition(" ")
        place = verb.replace("-", "_").replace(" ", "_")
        if second and first not in groups:
            groups[first] = App(name=first, help=GROUPS[first], help_format="plaintext", version_flags=[])
            made.command(groups[first])
        home = groups[first] if second else made
        home.command(f"auricle.cli.{place}:{place}", name=second or first, help=summary)
    return made
