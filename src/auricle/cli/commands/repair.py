"""``auricle repair``."""

from dataclasses import asdict
from pathlib import Path

from auricle.cli.arguments import target_beside
from auricle.cli.formatting import clock, spans
from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Screen


def repair(source: Path, target: Path | None = None, /, *, force: Flag = False, output: Output = TALKATIVE) -> None:
    """Save what can be saved of a damaged .aur file.

    Packets that are whole are kept in their places, single wrong bits are mended, and what is lost is marked: it is
    faded out when the file is played. No model is needed.

    Args:
        source: an .aur file.
        target: the file to write; by default SOURCE with .repaired before its suffix.
        force: replace an existing file.
    """
    from auricle import repair as run

    made = run(source, target_beside(source, target, f".repaired{source.suffix}"), force=force)
    rate = made.sample_rate
    saved = f"{made.packets} packet{'s' if made.packets != 1 else ''} saved"
    if made.mended:
        saved += f", {made.mended} of them mended"
    lines = [f"{source} -> {made.path}: {saved}, header {made.header}, {clock(made.samples / rate)}"]
    if made.lost:
        lines.append(f"lost: {spans(made.lost, rate)}")
    if made.cut:
        lines.append("the end is missing, and nothing tells how long the sound was")
    Screen(output).result("\n".join(lines), asdict(made))
