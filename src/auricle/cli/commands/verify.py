"""``auricle verify``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_size, format_spans, format_timestamp
from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.options.coding import ReadLimits


def verify(
    file: Path,
    /,
    *,
    model: str | None = None,
    limits: Annotated[ReadLimits, Parameter(name="*")] = ReadLimits(),
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Check that an .aur file is what was written.

    No model is needed: every byte is covered by a checksum. Damage is an error, exit code 2.

    Args:
        file: an .aur file.
        model: the model that made it: then its codes are decoded as well, and compared with the hash of those written.
        limits: what a file may claim.
    """
    from auricle import verify as run

    result = run(file, model=model, limits=limits)
    length = format_timestamp(result.samples / result.sample_rate)
    checked = f"bytes checked, and codes with {result.model}" if result.codes else "bytes checked"
    lines = [f"{file}: whole ({format_size(result.bytes)}, {result.packets} packets, {length}; {checked})"]
    if result.lost:
        lines.append(f"lost before it was repaired: {format_spans(result.lost, result.sample_rate)}")
    if result.unseen:
        lines.append(f"not seen: {result.unseen}")
    Screen(output).result(lines, asdict(result))
