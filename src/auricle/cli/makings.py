"""How verbs that make sounds tell of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auricle.synth.rendering.result import Made, Sound

_SHOWN = 20
_HEARD_DB = 0.05


def listed(made: "Made", took: float) -> str:
    """A line for each sound, and one for all."""
    lines = [_line(sound) for sound in made.sounds[:_SHOWN]]
    if len(made.sounds) > _SHOWN:
        lines.append(f"and {len(made.sounds) - _SHOWN} more")
    shape = f"{made.channels} x {made.sample_rate} Hz"
    return "\n".join((*lines, f"{made.seconds:.1f} s of sound, {shape}, in {took:.1f} s"))


def _line(sound: "Sound") -> str:
    return f"{sound.path}: {', '.join(_facts(sound))}"


def _facts(sound: "Sound") -> Iterator[str]:
    yield f"{sound.seconds:.2f} s"
    if sound.share is not None:
        yield f"{1 - sound.share:.0%} first, {sound.share:.0%} second"
    if abs(sound.level_db) >= _HEARD_DB:
        yield f"level {sound.level_db:+.1f} dB"
    if sound.seam is not None:
        seam = sound.seam
        yield f"seam: step {seam.step:.2f}, spectral flux {seam.flux:.2f} of the largest inside"
