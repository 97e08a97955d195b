"""``auricle train-prior``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_duration, format_size
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import RunView, format_rejected, is_main_process
from auricle.options.training import DeviceConfig, PriorTrainingOptions

if TYPE_CHECKING:
    from auricle import TrainedPrior

_OUT = Path("my.prior.safetensors")


def train_prior(
    sounds: str,
    /,
    *,
    model: str,
    out: Path = _OUT,
    options: Annotated[PriorTrainingOptions, Parameter(name="*")] = PriorTrainingOptions(),
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
        force: replace an existing prior file.
    """
    from auricle import TrainingCallbacks
    from auricle import train_prior as run

    screen = Screen(output if is_main_process() else Output(quiet=True))
    with screen.progress("train-prior") as show:
        view = RunView(screen, show)
        made = run(
            sounds,
            model=model,
            out=out,
            options=options,
            device=device,
            force=force,
            callbacks=TrainingCallbacks(view.scanned, show, view.trained, screen.note),
        )
    if not is_main_process():
        return
    if made.rejected:
        screen.note(format_rejected(made.rejected))
    if made.unmatched:
        screen.note(f"{made.unmatched} rows of {options.labels_table} name no sound of {sounds}")
    screen.result(_summary(made), _values(made))


def _summary(made: "TrainedPrior") -> str:
    pace = f"{made.steps} steps in {format_duration(made.seconds)}, {made.audio_per_second:.0f} audio s/s"
    classes = ", ".join(f"{name} {count}" for name, count in made.counts.items()) or "none"
    judged = "nothing was held out" if made.loss is None else f"held-out loss {made.loss:.4f}"
    rebuilt = f"the model rebuilds these sounds at a log-mel distance of {made.reconstruction.mel:.2f}"
    return (
        f"{made.path} {format_size(made.path.stat().st_size)}: {pace}\n"
        f"classes: {classes}; sounds without one: {made.unlabelled}\n{judged}; {rebuilt}"
    )


def _values(made: "TrainedPrior") -> dict[str, object]:
    return {
        "path": made.path,
        "bytes": made.path.stat().st_size,
        "kind": made.prior.config.kind,
        "model": made.prior.origin.model,
        "fingerprint": made.prior.fingerprint,
        "channels": made.prior.channels,
        "window_seconds": made.prior.window / made.prior.frame_rate,
        "steps": made.steps,
        "seconds": made.seconds,
        "audio_per_second": made.audio_per_second,
        "loss": made.loss,
        "reconstruction": made.reconstruction.mel,
        "files": len(made.corpus.sounds),
        "hours": made.corpus.hours,
        "classes": made.counts,
        "unlabelled": made.unlabelled,
        "unmatched": made.unmatched,
        "held_out": [sound.name for sound in made.held_out],
        "rejected": [{"path": file.path, "reason": file.reason} for file in made.rejected],
    }
