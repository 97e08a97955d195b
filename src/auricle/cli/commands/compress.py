"""``auricle compress``."""

import time
from dataclasses import asdict
from pathlib import Path

from auricle.cli.arguments import PIPE, model_of, sized, source_of, target_beside, target_of, tell
from auricle.cli.formatting import size
from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Pace, Screen
from auricle.codec.format.header import PACKET_SECONDS


def compress(
    source: Path,
    target: Path | None = None,
    /,
    *,
    model: str | None = None,
    kbps: float | None = None,
    quality: float | None = None,
    gain: float = 0.0,
    packet: float = PACKET_SECONDS,
    untrusted: Flag = False,
    allow_edited: Flag = False,
    force: Flag = False,
    output: Output = TALKATIVE,
) -> None:
    """Compress an audio file into an .aur file.

    Args:
        source: any audio file of 1 to 8 channels and 8 to 192 kHz; - is standard input.
        target: the file to write; by default SOURCE with the suffix .aur; - is standard output.
            With --kbps, and for 3 channels and more, a pipe's first minute is waited for.
        model: a shipped model's name or a model file; by default speech up to 24 kHz and music above.
        kbps: the bitrate to stay at or just under, kilobits per second of the whole file.
        quality: where to set the quality dial instead, from 0 to the model's highest level.
        gain: decibels to raise quiet sound by before coding; playing lowers it again.
        packet: seconds of sound in a packet: what one damaged place costs.
        untrusted: decode SOURCE in a process of its own, with limits on time and memory.
        allow_edited: take a model file although its contents do not have the fingerprint that it states.
        force: replace an existing file.
    """
    from auricle import compress as run

    screen, started = Screen(output), time.perf_counter()
    target = target_beside(source, target, ".aur")
    with screen.progress(f"compress {source.name}") as meter:
        pace = Pace(meter)
        made = run(
            source_of(source),
            target_of(target),
            model=model_of(model, allow_edited=allow_edited),
            kbps=kbps,
            quality=quality,
            gain_db=gain,
            packet_seconds=packet,
            untrusted=untrusted,
            force=force,
            on_progress=pace,
        )
    if kbps is not None and made.kbps > kbps:
        screen.note(_above(kbps, lowest=made.quality == 0))
    took = time.perf_counter() - started
    text = (
        f"{sized(source)} -> {target} {size(made.bytes)}: {made.kbps:.2f} kb/s, {made.seconds:.1f} s of sound"
        f"{f', coded at {pace.speed}' if pace.speed else ''}, {took:.1f} s in all"
    )
    before = None if source == PIPE else source.stat().st_size
    tell(screen, target, text, {**asdict(made), "source_bytes": before, "took": took})


def _above(kbps: float, *, lowest: bool) -> str:
    if lowest:
        return f"{kbps:g} kb/s is less than the lowest quality needs; it was used"
    return f"the first minute fitted into {kbps:g} kb/s, the rest did not: a pipe is coded in one pass"
