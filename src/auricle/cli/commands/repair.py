"""``auricle repair``."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from auricle.cli.arguments import PIPE, open_input, open_output, output_path
from auricle.cli.formatting import format_spans, format_timestamp
from auricle.cli.many import run_many, show_many, split_target, total_bytes
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.archive import ArchiveOptions
from auricle.options.coding import ReadLimits
from auricle.printable import counted


def repair(
    *paths: Path,
    limits: Annotated[ReadLimits, Parameter(name="*")] = ReadLimits(),
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Save what can be saved of a damaged .aur file, or of a folder of them.

    Packets that are whole are kept in their places, single wrong bits are mended, and what is lost is marked: it is
    faded out when the file is played. No model is needed.

    Args:
        paths: an .aur file, and the file to write, by default the same with .repaired before its suffix; - is standard
            input or output. Or folders, globs and files, and the folder to write into: whole files come out whole.
        force: replace existing files.
    """
    screen = Screen(output)
    if many := split_target("repair", paths, archive):
        from auricle import RepairTask

        result = run_many(RepairTask(limits), *many, archive, screen, force=force)
        damaged = [record for record in result.done if _is_damaged(record.result)]
        for record in damaged:
            screen.note(f"{record.source}: {_saved(record.result)}")
        values = {**total_bytes(result), "damaged": [record.source for record in damaged]}
        return show_many(result, screen, f"{len(damaged)} of them damaged", values)
    _repair_one(paths[0], paths[1] if len(paths) > 1 else None, limits, screen, force=force)
    return 0


def _is_damaged(result: Mapping[str, Any]) -> bool:
    return bool(result["lost"] or result["mended"] or result["cut"] or result["header"] != "whole")


def _saved(result: Mapping[str, Any]) -> str:
    lost = f"; lost: {format_spans(result['lost'], result['sample_rate'])}" if result["lost"] else ""
    return f"{result['packets']} packets saved, {result['mended']} of them mended, header {result['header']}{lost}"


def _repair_one(source: Path, target: Path | None, limits: ReadLimits, screen: Screen, *, force: bool) -> None:
    from auricle import repair as run

    path = output_path(source, target, f".repaired{source.suffix}")
    result = run(open_input(source), open_output(path), limits=limits, force=force)
    rate = result.sample_rate
    saved = f"{counted(result.packets, 'packet')} saved"
    if result.mended:
        saved += f", {result.mended} of them mended"
    lines = [f"{source} -> {path}: {saved}, header {result.header}, {format_timestamp(result.samples / rate)}"]
    if result.lost:
        lines.append(f"lost: {format_spans(result.lost, rate)}")
    if result.cut:
        lines.append("the end is missing, and nothing tells how long the sound was")
    screen.result(lines, asdict(result), aside=path == PIPE)
