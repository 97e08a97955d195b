"""``auricle classify fit``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_size
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import RunView
from auricle.options.classification import FinetuneOptions
from auricle.options.training import DeviceConfig

if TYPE_CHECKING:
    from auricle import Classifier, Tuned

_OUT = Path("sounds.classifier.safetensors")


def classify_fit(
    sounds: Path,
    /,
    *,
    model: str = "speech",
    out: Path = _OUT,
    options: Annotated[FinetuneOptions, Parameter(name="*", negative="")] = FinetuneOptions(),
    finetune: Flag = False,
    device: Annotated[DeviceConfig, Parameter(name="*", negative="")] = DeviceConfig(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Learn to tell classes of sounds apart.

    Args:
        sounds: a folder with a subfolder for each class, or any folder with --labels-table.
        model: whose encoder makes the features: a shipped name or a model file.
        out: the classifier's file to write.
        finetune: train the encoder too, end to end; the file then holds an encoder of its own. Checkpoints and the
            run's page lie beside it.
        force: replace an existing file.
    """
    from auricle import Classifier
    from auricle.atomic import check_writable
    from auricle.errors import OptionError

    if options.resume and not finetune:
        raise OptionError("--resume goes on with fine-tuning: add --finetune, or leave it out")
    check_writable(out, force=force or options.resume)
    screen = Screen(output)
    if finetune:
        from auricle import TrainingCallbacks
        from auricle import finetune as run

        with screen.progress("fine-tune") as on_progress:
            view = RunView(screen, on_progress)
            tuned = run(
                sounds,
                out=out,
                model=model,
                options=options,
                device=device,
                force=force,
                callbacks=TrainingCallbacks(view.scanned, on_progress, view.trained, screen.note),
            )
        _show(
            screen, out, tuned.classifier, (_gain_text(tuned),), {"probe": "finetune", "finetuned": _gain_values(tuned)}
        )
        return
    with screen.progress("features") as on_progress:
        classifier = Classifier.fit(sounds, model, options=options, on_progress=on_progress, on_note=screen.note)
    classifier.save(out, force=force)
    _show(screen, out, classifier, (), {"probe": options.probe})


def _show(screen: Screen, out: Path, classifier: "Classifier", more: Sequence[str], values: dict[str, object]) -> None:
    metadata, size = classifier.metadata, out.stat().st_size
    text = f"{out} {format_size(size)}: {len(metadata.files)} classes, {sum(metadata.files.values())} sounds"
    facts = {"path": out, "bytes": size, "model": metadata.model, "classes": metadata.files}
    screen.result((text, *more), {**facts, "segments": metadata.feature_config.segments, **values})


def _gain_text(tuned: "Tuned") -> str:
    if tuned.before is None or tuned.after is None:
        return "too few sounds to hold some out: how much fine-tuning helps is not known"
    if not tuned.helped:
        return f"fine-tuning did not help on {tuned.held_out} held-out sounds: this is the frozen encoder's probe"
    return (
        f"on {tuned.held_out} held-out sounds: accuracy {tuned.before.accuracy:.1%} before, "
        f"{tuned.after.accuracy:.1%} after (they chose the weights: measure on others)"
    )


def _gain_values(tuned: "Tuned") -> dict[str, object]:
    figures = {
        name: None if scores is None else {"accuracy": scores.accuracy, "log_loss": scores.loss}
        for name, scores in (("before", tuned.before), ("after", tuned.after))
    }
    return {"held_out": tuned.held_out, "helped": tuned.helped, **figures}
