"""``auricle info``."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.printable import printable


def info(file: str, /, *, output: Output = DEFAULT_OUTPUT) -> None:
    """Show what a model or an .aur file tells about itself.

    Args:
        file: an .aur file, a model file or a shipped model's name; --json shows a model's whole configuration.
    """
    from auricle import info as run

    values = asdict(run(file))
    fields = {name: value for name, value in values.items() if name != "config"}
    lines = [(printable(name), value) for name, value in _flat(fields)]
    width = max(len(name) for name, _ in lines)
    Screen(output).result([f"{name:{width}}  {value}" for name, value in lines], values)


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} " if name != "info" else "")
        else:
            yield (prefix + name).replace("_", " "), f"{value:g}" if isinstance(value, float) else str(value)
