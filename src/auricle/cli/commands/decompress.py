"""``auricle decompress``."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.arguments import PIPE, model_of, sized, source_of, target_beside, target_of, tell
from auricle.cli.formatting import clock, seconds, spans
from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Pace, Screen


def decompress(
    source: Path,
    target: Path | None = None,
    /,
    *,
    model: str | None = None,
    start: Annotated[str | None, Parameter(name="--from")] = None,
    stop: Annotated[str | None, Parameter(name="--to")] = None,
    any_decoder: Flag = False,
    max_hours: float = 12.0,
    max_ratio: float = 1.0,
    allow_edited: Flag = False,
    force: Flag = False,
    output: Output = TALKATIVE,
) -> None:
    """Turn an .aur file back into an audio file.

    Args:
        source: an .aur file; - is standard input.
        target: the .wav, .flac or .ogg file to write; by default SOURCE with the suffix .wav; - is standard output.
        model: the model file that made SOURCE; not needed for shipped models.
        start: begin here, as 62, 1:02 or 0:01:02.5; only the packets of the part are read.
        stop: end here.
        any_decoder: take a model with another decoder, if its tables can read the file.
        max_hours: hours of sound that a file may hold.
        max_ratio: seconds of sound that each byte of a file may stand for.
        allow_edited: take a model file although its contents do not have the fingerprint that it states.
        force: replace an existing file.
    """
    from auricle import SoundLimits
    from auricle import decompress as run

    screen, started = Screen(output), time.perf_counter()
    target = target_beside(source, target, ".wav")
    with screen.progress(f"decompress {source.name}") as meter:
        pace = Pace(meter)
        made = run(
            source_of(source),
            target_of(target),
            model=model_of(model, allow_edited=allow_edited),
            start=None if start is None else seconds(start),
            stop=None if stop is None else seconds(stop),
            any_decoder=any_decoder,
            limits=SoundLimits(max_hours, max_ratio),
            force=force,
            on_progress=pace,
        )
    if made.lost:
        screen.note(f"lost and faded out: {spans(made.lost, made.sample_rate)}")
    took = time.perf_counter() - started
    text = (
        f"{sized(source)} -> {sized(target)}: {clock(made.seconds)}, {made.channels} x {made.sample_rate} Hz"
        f"{f', decoded at {pace.speed}' if pace.speed else ''}, {took:.1f} s in all"
    )
    written = None if target == PIPE else target.stat().st_size
    tell(screen, target, text, {**asdict(made), "bytes": written, "took": took})
