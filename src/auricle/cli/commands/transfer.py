"""``auricle transfer``."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.many import exit_code
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import format_sounds
from auricle.options.synthesis import SoundFileOptions
from auricle.printable import file_reasons, rejected_lines

_OUT = Path("transfer")


def transfer(
    sound: Path,
    /,
    *,
    onto: str,
    quality: float | None = None,
    out: Path = _OUT,
    files: Annotated[SoundFileOptions, Parameter(name="*")] = SoundFileOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Play a sound with another's timbre.

    Args:
        sound: an audio file; the result has its rate, channels, length and level.
        onto: whose timbre it gets: a folder of sounds, an audio file, a shipped prior or a prior's file; or a model,
            through which it is heard.
        quality: of a model, round latents at this place of its quality dial; 0 leaves least of the sound and gives most
            of the model.
        out: a file's name, or a folder for a file that is numbered on from those that it has.
        force: replace an existing file.
    """
    from auricle import transfer as run

    screen, started = Screen(output), time.perf_counter()
    with screen.progress(f"transfer {sound.name}") as on_progress:
        result = run(sound, onto, quality=quality, out=out, files=files, force=force, on_progress=on_progress)
    elapsed = time.perf_counter() - started
    screen.note(*rejected_lines(result.rejected))
    values = {**result.to_json(), "rejected": file_reasons(result.rejected), "elapsed_seconds": elapsed}
    screen.result(format_sounds(result, elapsed), values)
    return exit_code(result.rejected)
