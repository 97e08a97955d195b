"""``auricle train``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_duration, format_size
from auricle.cli.launchers import is_main_process
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import RunView
from auricle.options.training import DeviceConfig, TrainingOptions
from auricle.printable import file_reasons, rejected_lines

if TYPE_CHECKING:
    from auricle import Trained

_OUT = Path("my.auricle.safetensors")


def train(
    sounds: str,
    /,
    *,
    base: str = "auto",
    budget: str = "10m",
    out: Path = _OUT,
    options: Annotated[TrainingOptions, Parameter(name="*", negative="")] = TrainingOptions(),
    device: Annotated[DeviceConfig, Parameter(name="*", negative="")] = DeviceConfig(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Train a model on a folder of sounds.

    Args:
        sounds: a folder of audio files: any nesting, format, rate; or a URL such as s3://bucket/sounds. One file in ten
            is held out, or subfolder valid.
        base: what to start from: auto (the shipped model of the preset), none, a shipped model's name or a model file.
        budget: how long to train: 90s, 20m, 2h, or a number of steps.
        out: the model file to write; checkpoints and the run's page lie beside it.
        force: replace an existing model file; discard the states of an earlier run, unless --resume goes on from them.
    """
    from auricle import TrainingCallbacks
    from auricle import train as run
    from auricle.bench.scoring.rows import format_rows

    screen = Screen(output if is_main_process() else Output(quiet=True))
    with screen.progress("train") as show, RunView(screen, show) as view:
        result = run(
            sounds,
            out=out,
            base=base,
            budget=budget,
            options=options,
            device=device,
            force=force,
            callbacks=TrainingCallbacks(view.scanned, show, view.trained, screen.note, view.intent),
        )
    if not is_main_process():
        return
    screen.note(*rejected_lines(result.rejected))
    table = format_rows(result.table) or _without_figures(len(result.held_out))
    values = {**_values(result), "table": [asdict(row) for row in result.table]}
    screen.result((_summary(result), "", *table.split("\n")), values)


def _without_figures(held_out: int) -> str:
    if held_out:
        return f"none of the {held_out} held-out sounds can be judged: replace them to judge the model"
    return "no sound was held out: give two or more files to judge the model"


def _summary(result: "Trained") -> str:
    pace = f"{result.steps} steps in {format_duration(result.seconds)}, {result.audio_per_second:.0f} audio s/s"
    return f"{result.path} {format_size(result.path.stat().st_size)}: {pace}"


def _values(result: "Trained") -> dict[str, object]:
    return {
        "path": result.path,
        "bytes": result.path.stat().st_size,
        "steps": result.steps,
        "seconds": result.seconds,
        "audio_per_second": result.audio_per_second,
        "files": len(result.corpus.sounds),
        "hours": result.corpus.hours,
        "held_out": [sound.name for sound in result.held_out],
        "rejected": file_reasons(result.rejected),
    }
