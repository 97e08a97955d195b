"""``auricle verify``."""

from dataclasses import asdict
from pathlib import Path

from auricle.cli.formatting import clock, size, spans
from auricle.cli.options import TALKATIVE, Output
from auricle.cli.screen import Screen


def verify(
    file: Path,
    /,
    *,
    model: str | None = None,
    max_hours: float = 12.0,
    max_ratio: float = 1.0,
    output: Output = TALKATIVE,
) -> None:
    """Check that an .aur file is what was written.

    No model is needed: every byte is covered by a checksum. Damage is an error, exit code 2.

    Args:
        file: an .aur file.
        model: the model that made it: then its codes are decoded as well, and compared with the hash of those written.
        max_hours: hours of sound that are decoded at most, with --model.
        max_ratio: seconds of sound that each byte may stand for, with --model.
    """
    from auricle import SoundLimits
    from auricle import verify as run

    found = run(file, model=model, limits=SoundLimits(max_hours, max_ratio))
    length = clock(found.samples / found.sample_rate)
    checked = "bytes and codes" if found.codes else "bytes"
    text = f"{file}: whole ({size(found.bytes)}, {found.packets} packets, {length}; {checked} checked)"
    if found.lost:
        text += f"\nlost before it was repaired: {spans(found.lost, found.sample_rate)}"
    Screen(output).result(text, asdict(found))
