"""``auricle train``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Meter, Screen
from auricle.cli.text import duration, size

if TYPE_CHECKING:
    from auricle import Trained
    from auricle.data import Corpus, Rejected
    from auricle.training import Report

_OUT = Path("my.auricle.safetensors")
_REASONS_SHOWN = 5


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
    from auricle.bench.rows import format_rows

    machine = Machine(precision, accumulate, cpu=cpu)
    screen = Screen(output if machine.first else Output(quiet=True))
    with screen.progress("train") as meter:
        view = _View(screen, meter)
        made = run(
            sounds,
            out=out,
            preset=preset,
            size=size,
            base=base,
            budget=budget,
            adversarial=adversarial,
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
        screen.note(_unusable(made.rejected))
    table = format_rows(made.table) or "no sound was held out: give two or more files to judge the model"
    values = {**_values(made), "table": [asdict(row) for row in made.table]}
    screen.result(f"{_summary(made)}\n\n{table}", values)


@final
class _View:
    """Shows a run as it goes."""

    def __init__(self, screen: Screen, meter: Meter) -> None:
        self._screen, self._meter = screen, meter
        self._found = self._stage = ""

    def scanned(self, corpus: "Corpus") -> None:
        self._found = f"{len(corpus.sounds)} sounds, {corpus.hours:.2f} h"

    def entered(self, stage: str) -> None:
        self._stage = stage
        self._meter.show(0.0, stage)

    def counted(self, done: int, total: int) -> None:
        self._meter.show(done / max(1, total), f"{self._stage}, {done} of {total}")

    def trained(self, report: "Report") -> None:
        if self._found:  # told when the first steps are done: so a run that can't start says one thing only
            self._screen.note(self._found)
            self._found = ""
        for event in report.events:
            self._screen.note(event)
        rate = f", {report.terms['rate']:.1f} kb/s" if "rate" in report.terms else ""
        detail = f"loss {report.loss:.3f}{rate}, {report.audio_per_second:.0f} audio s/s"
        self._meter.show(report.progress, f"{detail}, {duration(report.seconds_left)} left")


def _unusable(rejected: "tuple[Rejected, ...]") -> str:
    count = "1 file was" if len(rejected) == 1 else f"{len(rejected)} files were"
    reasons = [f"  {file.reason}" for file in rejected[:_REASONS_SHOWN]]
    more = [f"  and {len(rejected) - _REASONS_SHOWN} more"] if len(rejected) > _REASONS_SHOWN else []
    return "\n".join((f"{count} left out:", *reasons, *more))


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
