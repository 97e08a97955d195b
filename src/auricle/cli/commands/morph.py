"""``auricle morph``."""

import time
from pathlib import Path

from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import format_sounds

_OUT = Path("morph")


def morph(
    first: Path,
    second: Path,
    /,
    *,
    model: str | None = None,
    steps: int = 5,
    align: Flag = False,
    within: Flag = False,
    snap: Flag = False,
    out: Path = _OUT,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Make sounds that lie between two sounds.

    Args:
        first: an audio file.
        second: another; both are resampled to the model's rate.
        model: a shipped model's name or a model file; by default speech up to 24 kHz and music above.
        steps: how many sounds, with both ends; their levels go evenly from one to the other's.
        align: warp time so that what is alike in both meets; for sounds with the same course, such as two words.
        within: make one sound that crosses from the first to the second while it lasts.
        snap: round latents to the grid of the model's quantiser.
        out: folder for the numbered WAV files.
        force: replace existing files.
    """
    from auricle import morph as run

    screen, started = Screen(output), time.perf_counter()
    with screen.progress("morph") as meter:
        made = run(
            first,
            second,
            model=model,
            steps=steps,
            align=align,
            within=within,
            snap=snap,
            out=out,
            force=force,
            on_progress=meter.show,
        )
    took = time.perf_counter() - started
    screen.result(format_sounds(made, took), {**made.to_json(), "took": took})
