"""``auricle repair``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.arguments import output_path
from auricle.cli.formatting import format_spans, format_timestamp
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.coding import ReadLimits


def repair(
    source: Path,
    target: Path | None = None,
    /,
    *,
    limits: Annotated[ReadLimits, Parameter(name="*")] = ReadLimits(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Save what can be saved of a damaged .aur file.

    Packets that are whole are kept in their places, single wrong bits are mended, and what is lost is marked: it is
    faded out when the file is played. No model is needed.

    Args:
        source: an .aur file.
        target: the file to write; by default SOURCE with .repaired before its suffix.
        force: replace an existing file.
    """
    from auricle import repair as run

    result = run(source, output_path(source, target, f".repaired{source.suffix}"), limits=limits, force=force)
    rate = result.sample_rate
    saved = f"{result.packets} packet{'s' if result.packets != 1 else ''} saved"
    if result.mended:
        saved += f", {result.mended} of them mended"
    lines = [f"{source} -> {result.path}: {saved}, header {result.header}, {format_timestamp(result.samples / rate)}"]
    if result.lost:
        lines.append(f"lost: {format_spans(result.lost, rate)}")
    if result.cut:
        lines.append("the end is missing, and nothing tells how long the sound was")
    Screen(output).result(lines, asdict(result))
