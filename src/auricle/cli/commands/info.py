"""``auricle info``."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.arguments import PIPE, open_input
from auricle.cli.formatting import format_duration, format_size, format_table, format_timestamp
from auricle.cli.many import names_many, run_many, show_many
from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.errors import OptionError
from auricle.hub.download import is_hub_name
from auricle.options.archive import ArchiveOptions
from auricle.printable import printable

if TYPE_CHECKING:
    from auricle.archive.manifest import FileRecord


def info(
    *files: str,
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Show what a model or an .aur file tells about itself.

    Args:
        files: an .aur file, a model file, hf://owner/name or a shipped model's name, or - for standard input; --json
            shows a model's whole configuration. Or several .aur files, folders of them and globs: a line for each.
    """
    paths, screen = tuple(map(Path, files)), Screen(output)
    if not (len(files) == 1 and _is_one(files[0])) and names_many(paths, archive):
        from auricle import InfoTask

        result = run_many(InfoTask(), paths, None, archive, screen)
        rows = format_table(
            ("file", "length", "size", "kb/s", "model", "Hz", "channels"), [_row(record) for record in result.done]
        )
        infos = [{"path": record.source, **record.result} for record in result.done]
        line = f"{format_duration(result.seconds)} of sound"
        return show_many(result, screen, line, {"infos": infos}, rows=rows)
    if not files:
        raise OptionError("FILES requires an argument: see auricle info --help")
    _show_one(files[0], screen)
    return 0


def _is_one(file: str) -> bool:
    """Whether it is on the hub, or ships: a folder of that name is meant where a slash follows."""
    if is_hub_name(file):
        return True
    if file.endswith("/") or not Path(file).is_dir():
        return False
    from auricle.api.info import is_shipped_name  # loads torch

    return is_shipped_name(file)


def _row(record: "FileRecord") -> tuple[str, ...]:
    values = record.result
    shown = (values["model"], str(values["sample_rate"]), str(values["channels"]))
    return (
        record.source,
        format_timestamp(values["seconds"]),
        format_size(record.bytes),
        f"{values['kbps']:.2f}",
        *shown,
    )


def _show_one(file: str, screen: Screen) -> None:
    from auricle import info as run

    values = asdict(run(file if Path(file) != PIPE else open_input(PIPE)))
    fields = {name: value for name, value in values.items() if name != "config"}
    lines = [(printable(name), value) for name, value in _flat(fields)]
    width = max(len(name) for name, _ in lines)
    screen.result([f"{name:{width}}  {value}" for name, value in lines], values)


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} " if name != "info" else "")
        elif value or not isinstance(value, list | tuple):
            is_class = prefix == "files "  # so many of each, by names that the user gave
            yield prefix + (name if is_class else name.replace("_", " ")), _text(value)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
