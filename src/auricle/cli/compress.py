"""``auricle compress``."""

import time
from dataclasses import asdict
from pathlib import Path

from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Pace, Screen
from auricle.cli.text import size


def compress(
    source: Path,
    target: Path | None = None,
    /,
    *,
    model: str | None = None,
    kbps: float | None = None,
    quality: float | None = None,
    force: Flag = False,
    output: Output = TALKATIVE,
) -> None:
    """Compress an audio file into an .aur file.

    Args:
        source: any audio file of 1 to 8 channels and 8 to 192 kHz.
        target: the file to write; by default SOURCE with the suffix .aur.
        model: a shipped model's name or a model file; by default speech up to 24 kHz and music above.
        kbps: the bitrate to stay at or just under, kilobits per second of the whole file.
        quality: where to set the quality dial instead, from 0 to the model's highest level.
        force: replace an existing file.
    """
    from auricle import compress as run

    screen, started = Screen(output), time.perf_counter()
    target = target or source.with_suffix(".aur")
    with screen.progress(f"compress {source.name}") as meter:
        pace = Pace(meter)
        made = run(source, target, model=model, kbps=kbps, quality=quality, force=force, on_progress=pace)
    if kbps is not None and made.kbps > kbps:
        screen.note(f"{kbps:g} kb/s is less than the lowest quality needs; it was used")
    before, took = source.stat().st_size, time.perf_counter() - started
    text = (
        f"{source} {size(before)} -> {target} {size(made.bytes)}: {made.kbps:.2f} kb/s, {made.seconds:.1f} s of sound"
    )
    speed = f", coded at {pace.speed}" if pace.speed else ""
    screen.result(f"{text}{speed}, {took:.1f} s in all", {**asdict(made), "source_bytes": before, "took": took})
