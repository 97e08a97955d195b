"""``auricle train-prior``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_duration, format_size
from auricle.cli.launchers import is_main_process
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import RunView
from auricle.options.training import DeviceConfig, PriorTrainingOptions
from auricle.printable import file_reasons, rejected_lines

if TYPE_CHECKING:
    from auricle import TrainedPrior

_OUT = Path("my.prior.safetensors")


def train_prior(
    sounds: str,
    /,
    *,
    model: str,
    out: Path = _OUT,
    options: Annotated[PriorTrainingOptions, Parameter(name="*", negative="")] = PriorTrainingOptions(),
    device: Annotated[DeviceConfig, Parameter(name="*", negative="")] = DeviceConfig(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Train a prior on a folder of sounds: what makes new sounds like them.

    Args:
        sounds: a folder of audio files: any nesting, format, rate; or a URL such as s3://bucket/sounds. One file in ten
            is held out, or subfolder valid.
        model: the autoencoder that the sounds go through: a shipped model's name or a model file.
        out: the prior file to write; checkpoints and the run's page lie beside it.
        force: replace an existing prior file; discard the states of an earlier run, unless --resume goes on from them.
    """
    from auricle import TrainingCallbacks
    from auricle import train_prior as run

    screen = Screen(output if is_main_process() else Output(quiet=True))
    with screen.progress("train-prior") as show, RunView(screen, show) as view:
        result = run(
            sounds,
            model=model,
            out=out,
            options=options,
            device=device,
            force=force,
            callbacks=TrainingCallbacks(view.scanned, show, view.trained, screen.note, view.intent),
        )
    if not is_main_process():
        return
    screen.note(*rejected_lines(result.rejected))
    if result.unmatched:
        screen.note(f"{result.unmatched} rows of {options.labels_table} name no sound of {sounds}")
    screen.result(_summary(result), _values(result))


def _summary(result: "TrainedPrior") -> tuple[str, ...]:
    pace = f"{result.steps} steps in {format_duration(result.seconds)}, {result.audio_per_second:.0f} audio s/s"
    classes = ", ".join(f"{name} {count}" for name, count in result.counts.items()) or "none"
    judged = "nothing was held out" if result.loss is None else f"held-out loss {result.loss:.4f}"
    rebuilt = f"the model rebuilds these sounds at a log-mel distance of {result.reconstruction.mel:.2f}"
    return (
        f"{result.path} {format_size(result.path.stat().st_size)}: {pace}",
        f"classes: {classes}; sounds without one: {result.unlabelled}",
        f"{judged}; {rebuilt}",
        *((f"{result.verdict} (--resume --force, or --base {result.path})",) if result.verdict else ()),
    )


def _values(result: "TrainedPrior") -> dict[str, object]:
    return {
        "path": result.path,
        "bytes": result.path.stat().st_size,
        "kind": result.prior.config.kind,
        "model": result.prior.origin.model,
        "fingerprint": result.prior.fingerprint,
        "channels": result.prior.channels,
        "window_seconds": result.prior.window / result.prior.frame_rate,
        "steps": result.steps,
        "seconds": result.seconds,
        "audio_per_second": result.audio_per_second,
        "loss": result.loss,
        "verdict": result.verdict,
        "reconstruction": result.reconstruction.mel,
        "files": len(result.corpus.sounds),
        "hours": result.corpus.hours,
        "classes": result.counts,
        "unlabelled": result.unlabelled,
        "unmatched": result.unmatched,
        "held_out": [sound.name for sound in result.held_out],
        "rejected": file_reasons(result.rejected),
    }
