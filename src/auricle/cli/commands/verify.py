"""``auricle verify``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.arguments import open_input
from auricle.cli.formatting import format_size, format_spans, format_timestamp
from auricle.cli.many import names_many, run_many, show_many
from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.errors import OptionError
from auricle.options.archive import ArchiveOptions
from auricle.options.coding import ReadLimits
from auricle.printable import counted


def verify(
    *files: Path,
    model: str | None = None,
    limits: Annotated[ReadLimits, Parameter(name="*")] = ReadLimits(),
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Check that .aur files are what was written.

    No model is needed: every byte is covered by a checksum. Damage is an error, exit code 2; 1 where only some of many
    files are damaged.

    Args:
        files: an .aur file, or - for standard input; or several, folders of them and globs.
        model: the model that made them: then the codes are decoded as well, and compared with the hash of those
            written.
        limits: what a file may claim.
    """
    screen = Screen(output)
    if names_many(files, archive):
        from auricle import VerifyTask

        result = run_many(VerifyTask(model, limits), files, None, archive, screen)
        packets = sum(record.result.get("packets", 0) for record in result.done)
        lost = [record for record in result.done if record.result.get("lost")]
        for record in lost:
            spans = format_spans(record.result["lost"], record.result["sample_rate"])
            screen.note(f"{record.source}: lost before it was repaired: {spans}")
        line = f"{format_size(sum(record.bytes for record in result.done))}, {counted(packets, 'packet')} whole"
        return show_many(result, screen, line, {"packets": packets, "repaired": [record.source for record in lost]})
    if not files:
        raise OptionError("FILES requires an argument: see auricle verify --help")
    _verify_one(files[0], model, limits, screen)
    return 0


def _verify_one(file: Path, model: str | None, limits: ReadLimits, screen: Screen) -> None:
    from auricle import verify as run

    result = run(open_input(file), model=model, limits=limits)
    length = format_timestamp(result.samples / result.sample_rate)
    checked = f"bytes checked, and codes with {result.model}" if result.codes else "bytes checked"
    lines = [f"{file}: whole ({format_size(result.bytes)}, {result.packets} packets, {length}; {checked})"]
    if result.lost:
        lines.append(f"lost before it was repaired: {format_spans(result.lost, result.sample_rate)}")
    if result.unseen:
        lines.append(f"not seen: {result.unseen}")
    screen.result(lines, asdict(result))
