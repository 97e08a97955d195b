"""``auricle compress``."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.arguments import (
    DEFAULT_MODEL,
    PIPE,
    ModelOptions,
    name_and_size,
    open_input,
    open_output,
    output_path,
    print_result,
)
from auricle.cli.formatting import format_size
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen, SpeedMeter
from auricle.options.coding import CompressOptions


def compress(
    source: Path,
    target: Path | None = None,
    /,
    *,
    model: ModelOptions = DEFAULT_MODEL,
    kbps: float | None = None,
    quality: float | None = None,
    options: Annotated[CompressOptions, Parameter(name="*", negative="")] = CompressOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Compress an audio file into an .aur file.

    Args:
        source: any audio file of 1 to 8 channels and 8 to 192 kHz; - is standard input.
        target: the file to write; by default SOURCE with the suffix .aur; - is standard output.
            With --kbps, and for 3 channels and more, a pipe's first minute is waited for.
        kbps: the bitrate to stay at or just under, kilobits per second of the whole file.
        quality: where to set the quality dial instead, from 0 to the model's highest level.
        force: replace an existing file.
    """
    from auricle import compress as run

    screen, started = Screen(output), time.perf_counter()
    target = output_path(source, target, ".aur")
    with screen.progress(f"compress {source.name}") as on_progress:
        speed = SpeedMeter(on_progress)
        result = run(
            open_input(source),
            open_output(target),
            model=model.load(),
            kbps=kbps,
            quality=quality,
            options=options,
            force=force,
            on_progress=speed,
        )
    if kbps is not None and result.kbps > kbps:
        screen.note(_above(kbps, lowest=result.quality == 0))
    for warning in result.warnings:
        screen.note(f"{source}: {warning}")
    elapsed = time.perf_counter() - started
    text = (
        f"{name_and_size(source)} -> {target} {format_size(result.bytes)}: {result.kbps:.2f} kb/s, "
        f"{result.seconds:.1f} s of sound"
        f"{f', coded at {speed.text}' if speed.text else ''}, {elapsed:.1f} s in all"
    )
    source_bytes = None if source == PIPE else source.stat().st_size
    print_result(screen, target, text, {**asdict(result), "source_bytes": source_bytes, "elapsed_seconds": elapsed})


def _above(kbps: float, *, lowest: bool) -> str:
    if lowest:
        return f"{kbps:g} kb/s is less than the lowest quality needs; it was used"
    return f"the first minute fitted into {kbps:g} kb/s, the rest did not: a pipe is coded in one pass"
