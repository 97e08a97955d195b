"""``auricle decompress``."""

import time
from dataclasses import asdict
from pathlib import Path

from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Pace, Screen
from auricle.cli.text import size


def decompress(
    source: Path,
    target: Path | None = None,
    /,
    *,
    model: str | None = None,
    force: Flag = False,
    output: Output = TALKATIVE,
) -> None:
    """Turn an .aur file back into an audio file.

    Args:
        source: an .aur file.
        target: the .wav, .flac or .ogg file to write; by default SOURCE with the suffix .wav.
        model: the model file that made SOURCE; not needed for shipped models.
        force: replace an existing file.
    """
    from auricle import decompress as run

    screen, started = Screen(output), time.perf_counter()
    target = target or source.with_suffix(".wav")
    with screen.progress(f"decompress {source.name}") as meter:
        pace = Pace(meter)
        made = run(source, target, model=model, force=force, on_progress=pace)
    written, took = target.stat().st_size, time.perf_counter() - started
    shape = f"{made.seconds:.1f} s, {made.channels} x {made.sample_rate} Hz"
    speed = f", decoded at {pace.speed}" if pace.speed else ""
    text = f"{source} {size(source.stat().st_size)} -> {target} {size(written)}: {shape}{speed}, {took:.1f} s in all"
    screen.result(text, {**asdict(made), "bytes": written, "took": took})
