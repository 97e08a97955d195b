"""``auricle morph``."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import format_sounds
from auricle.options.synthesis import MorphOptions, SoundFileOptions

_OUT = Path("morph")


def morph(
    first: Path,
    second: Path,
    /,
    *,
    model: str | None = None,
    options: Annotated[MorphOptions, Parameter(name="*", negative="")] = MorphOptions(),
    out: Path = _OUT,
    files: Annotated[SoundFileOptions, Parameter(name="*")] = SoundFileOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Make sounds that lie between two sounds.

    Args:
        first: an audio file.
        second: another.
        model: for a crossfade, a shipped model's name or a model file; by default speech for sounds up to 24 kHz,
            else music.
        out: folder for the files, which are numbered on from those that it has; for one sound also a file's name.
        force: replace existing files; numbers then begin with 1.
    """
    from auricle import morph as run

    screen, started = Screen(output), time.perf_counter()
    with screen.progress("morph") as on_progress:
        result = run(first, second, options, model=model, out=out, files=files, force=force, on_progress=on_progress)
    elapsed = time.perf_counter() - started
    screen.result(format_sounds(result, elapsed), {**result.to_json(), "elapsed_seconds": elapsed})
