"""``auricle decompress``."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, final

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
from auricle.cli.formatting import format_spans, format_timestamp, parse_seconds
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen, SpeedMeter
from auricle.options.coding import Bits, DecompressOptions, ReadLimits


@final
@Parameter(name="*")
@dataclass(frozen=True)
class PartOptions:
    """Which part of a sound.

    Attributes:
        start: begin here, as 62, 1:02 or 0:01:02.5; only the packets of the part are read.
        stop: end here.
    """

    start: str | None = None
    stop: str | None = None


_EVERYTHING = PartOptions()


def decompress(
    source: Path,
    target: Path | None = None,
    /,
    *,
    model: ModelOptions = DEFAULT_MODEL,
    part: PartOptions = _EVERYTHING,
    any_decoder: Flag = False,
    bits: Bits | None = None,
    limits: Annotated[ReadLimits, Parameter(name="*")] = ReadLimits(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Turn an .aur file back into an audio file.

    Args:
        source: an .aur file; - is standard input.
        target: the .wav, .flac, .ogg, .opus or .mp3 file to write; by default SOURCE with the suffix .wav;
            - is standard output.
        any_decoder: take a model with another decoder, if its tables can read the file.
        bits: of each sample of a .wav or .flac: 16, 24, or float in a .wav; by default those of the source, where the
            file says so.
        force: replace an existing file.
    """
    from auricle import decompress as run

    screen, started = Screen(output), time.perf_counter()
    target = output_path(source, target, ".wav")
    with screen.progress(f"decompress {source.name}") as on_progress:
        speed = SpeedMeter(on_progress)
        result = run(
            open_input(source),
            open_output(target),
            model=model.load(),
            start=None if part.start is None else parse_seconds(part.start),
            stop=None if part.stop is None else parse_seconds(part.stop),
            options=DecompressOptions(any_decoder, limits, bits),
            force=force,
            on_progress=speed,
        )
    if result.lost:
        screen.note(f"lost and faded out: {format_spans(result.lost, result.sample_rate)}")
    elapsed = time.perf_counter() - started
    text = (
        f"{name_and_size(source)} -> {name_and_size(target)}: {format_timestamp(result.seconds)}, "
        f"{result.channels} x {result.sample_rate} Hz"
        f"{f', decoded at {speed.text}' if speed.text else ''}, {elapsed:.1f} s in all"
    )
    file_bytes = None if target == PIPE else target.stat().st_size
    print_result(screen, target, text, {**asdict(result), "bytes": file_bytes, "elapsed_seconds": elapsed})
