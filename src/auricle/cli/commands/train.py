"""``auricle train``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import duration, size
from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import RunView, unusable

if TYPE_CHECKING:
    from auricle import Trained

_OUT = Path("my.auricle.safetensors")


def train(
    sounds: str,
    /,
    *,
    preset: str | None = None,
    size: str = "base",
    base: str = "auto",
    budget: str = "10m",
    adversarial: Annotated[float, Parameter(validator=Number(gte=0, lte=1))] = 0.0,
    out: Path = _OUT,
    resume: Flag = False,
    force: Flag = False,
    seed: int = 0,
    labels: bool = False,
    labels_from: Path | None = None,
    batch: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    accumulate: Annotated[int, Parameter(validator=Number(gte=1))] = 1,
    precision: str = "auto",
    cpu: Flag = False,
    threads: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    track: str = "tensorboard",
    output: Output = TALKATIVE,
) -> None:
    """Train a model on a folder of sounds.

    Args:
        sounds: a folder of audio files: any nesting, format, rate; or a URL such as s3://bucket/sounds. One file in ten
            is held out, or subfolder valid.
        preset: speech (16 kHz), music (44.1 kHz), conv (small, quick), mixed (CNN and RNN) or conv-lstm
            (literature's); by default that of the base, else speech.
        size: of a new network: small, base or large.
        base: what to start from: auto (the shipped model of the preset), none, a shipped model's name or a model file.
        budget: how long to train: 90s, 20m, 2h, or a number of steps.
        adversarial: last share of the budget, 0 to 1, in which discriminators sharpen the decoder; 1 keeps old files.
        out: the model file to write; checkpoints and the run's page lie beside it.
        resume: go on from the last checkpoint.
        force: replace an existing model file.
        seed: decides weights, crops and noise.
        labels: also learn to tell classes apart, one for each folder of sounds.
        labels_from: the same with the classes of a CSV file with the columns path and label.
        batch: crops per step and process; by default the preset's.
        accumulate: parts of a step whose gradients are averaged.
        precision: auto, float32 or bf16 (GPUs).
        cpu: stay on the CPU although there is a GPU.
        threads: CPU threads; all by default.
        track: curves and sounds besides run.html: tensorboard, any tracker that accelerate knows, several with commas,
            or none.
    """
    from auricle import Machine, Watcher
    from auricle import train as run
    from auricle.bench.scoring.rows import format_rows

    machine = Machine(precision, accumulate, cpu=cpu)
    screen = Screen(output if machine.first else Output(quiet=True))
    with screen.progress("train") as meter:
        view = RunView(screen, meter)
        made = run(
            sounds,
            out=out,
            preset=preset,
            size=size,
            base=base,
            budget=budget,
            adversarial=adversarial,
            labels=labels_from or labels,
            batch=batch,
            machine=machine,
            resume=resume,
            force=force,
            seed=seed,
            threads=threads,
            trackers=[name for name in track.split(",") if name != "none"],
            watcher=Watcher(view.scanned, view.entered, view.counted, view.trained, screen.note),
        )
    if not machine.first:
        return
    if made.rejected:
        screen.note(unusable(made.rejected))
    table = format_rows(made.table) or "no sound was held out: give two or more files to judge the model"
    values = {**_values(made), "table": [asdict(row) for row in made.table]}
    screen.result(f"{_summary(made)}\n\n{table}", values)


def _summary(made: "Trained") -> str:
    pace = f"{made.steps} steps in {duration(made.seconds)}, {made.audio_per_second:.0f} audio s/s"
    return f"{made.path} {size(made.path.stat().st_size)}: {pace}"


def _values(made: "Trained") -> dict[str, object]:
    return {
        "path": made.path,
        "bytes": made.path.stat().st_size,
        "steps": made.steps,
        "seconds": made.seconds,
        "audio_per_second": made.audio_per_second,
        "files": len(made.corpus.sounds),
        "hours": made.corpus.hours,
        "held_out": [sound.name for sound in made.held_out],
        "rejected": [{"path": file.path, "reason": file.reason} for file in made.rejected],
    }
