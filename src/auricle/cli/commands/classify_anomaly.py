"""``auricle classify anomaly``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_table
from auricle.cli.many import exit_code
from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.options.classification import CacheOptions
from auricle.printable import counted, file_reasons, rejected_lines


def classify_anomaly(
    *files: Path,
    usual: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = (),
    model: str | None = None,
    count: Annotated[int, Parameter(name=("--count", "-n"), validator=Number(gte=1))] = 20,
    caching: Annotated[CacheOptions, Parameter(name="*", negative="")] = CacheOptions(),
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Tell which sounds are unusual, without labels: by bits, spectrum and waveform.

    Args:
        files: sounds to judge, or folders of them.
        usual: sounds or folders that say what is usual; by default the files themselves.
        model: whose prior says what is usual: a shipped model's name or a model file; by default speech for sounds up
            to 24 kHz, else music. One that was trained on usual sounds knows best.
        count: how many to print, the most unusual first; --json has all.
    """
    from auricle import anomalies

    screen = Screen(output)
    with screen.progress("listen") as on_progress:
        result = anomalies(files, usual or None, model, caching=caching, on_progress=on_progress, on_note=screen.note)
    screen.note(*rejected_lines(result.rejected))
    rows = [
        (sound.name, f"{sound.score:.2f}", sound.by, f"{sound.rarity:.1%}", f"{sound.kbps:.2f}")
        for sound in result.sounds[:count]
    ]
    screen.result(
        (
            *format_table(("sound", "score", "by", "as unusual", "kb/s"), rows),
            f"{counted(len(result.sounds), 'sound')} beside {result.usual} usual ones, model {result.model}",
        ),
        {
            "model": result.model,
            "usual": result.usual,
            "sounds": [asdict(sound) for sound in result.sounds],
            "rejected": file_reasons(result.rejected),
        },
    )
    return exit_code(result.rejected)
