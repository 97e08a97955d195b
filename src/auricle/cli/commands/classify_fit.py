"""``auricle classify fit``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_size
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import RunView

if TYPE_CHECKING:
    from auricle import Classifier, Tuned

_OUT = Path("sounds.classifier.safetensors")


def classify_fit(
    sounds: Path,
    /,
    *,
    labels: Path | None = None,
    column: str = "label",
    groups: str | None = None,
    model: str = "speech",
    probe: str = "ridge",
    segments: Annotated[int | None, Parameter(validator=Number(gte=1, lte=32))] = None,
    finetune: Flag = False,
    budget: str = "5m",
    resume: Flag = False,
    threads: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    out: Path = _OUT,
    seed: int = 0,
    no_cache: Flag = False,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Learn to tell classes of sounds apart.

    Args:
        sounds: a folder with a subfolder for each class, or any folder with --labels.
        labels: CSV with a header: path (relative to the folder), label, and optionally group.
        column: the column of labels.
        groups: the column of groups, such as speakers; without --labels a regular expression that finds the group in a
            file's path.
        model: whose encoder makes the features: a shipped name or a model file.
        probe: ridge or logistic (linear), mlp (a small network) or knn (nearest neighbours).
        segments: parts of a sound that are told apart; by default 8 where sounds are short, else 1.
        finetune: train the encoder too, end to end; the file then holds an encoder of its own. Checkpoints and the
            run's page lie beside it.
        budget: how long to fine-tune: 90s, 5m, or a number of steps.
        resume: go on with fine-tuning from the last checkpoint.
        threads: CPU threads of fine-tuning; all by default.
        out: the classifier's file to write.
        seed: decides inner folds and first weights.
        no_cache: neither read nor write the cache of features.
        force: replace an existing file.
    """
    from auricle import Classifier
    from auricle.atomic import check_writable
    from auricle.errors import OptionError

    if finetune and probe != "ridge":
        raise OptionError(f"--probe {probe} can't be fine-tuned: leave it out, a linear layer is trained")
    if resume and not finetune:
        raise OptionError("--resume goes on with fine-tuning: add --finetune, or leave it out")
    check_writable(out, force=force or resume)
    screen = Screen(output)
    if finetune:
        from auricle import DeviceConfig, FinetuneOptions, TrainingCallbacks
        from auricle import finetune as run

        with screen.progress("fine-tune") as on_progress:
            view = RunView(screen, on_progress)
            tuned = run(
                sounds,
                out=out,
                model=model,
                budget=budget,
                options=FinetuneOptions(
                    labels_table=labels,
                    column=column,
                    group=groups,
                    segments=segments,
                    seed=seed,
                    resume=resume,
                    keep=not no_cache,
                ),
                device=DeviceConfig(threads=threads),
                force=force,
                callbacks=TrainingCallbacks(view.scanned, on_progress, view.trained, screen.note),
            )
        _tell(screen, out, tuned.classifier, _gain(tuned), {"probe": "finetune", "finetuned": _gains(tuned)})
        return
    with screen.progress("features") as on_progress:
        made = Classifier.fit(
            sounds,
            model,
            table=labels,
            column=column,
            group=groups,
            kind=probe,
            segments=segments,
            seed=seed,
            keep=not no_cache,
            on_progress=on_progress,
            on_note=screen.note,
        )
    made.save(out, force=force)
    _tell(screen, out, made, "", {"probe": probe})


def _tell(screen: Screen, out: Path, made: "Classifier", more: str, values: dict[str, object]) -> None:
    files = made.described.files
    text = f"{out} {format_size(out.stat().st_size)}: {len(files)} classes, {sum(files.values())} sounds{more}"
    facts = {"path": out, "bytes": out.stat().st_size, "model": made.described.model, "classes": files}
    screen.result(text, {**facts, "segments": made.described.recipe.segments, **values})


def _gain(tuned: "Tuned") -> str:
    if tuned.before is None or tuned.after is None:
        return "\ntoo few sounds to hold some out: how much fine-tuning helps is not known"
    if not tuned.helped:
        return f"\nfine-tuning did not help on {tuned.held_out} held-out sounds: this is the frozen encoder's probe"
    return (
        f"\non {tuned.held_out} held-out sounds: accuracy {tuned.before.accuracy:.1%} before, "
        f"{tuned.after.accuracy:.1%} after (they chose the weights: measure on others)"
    )


def _gains(tuned: "Tuned") -> dict[str, object]:
    judged = {"before": tuned.before, "after": tuned.after}
    figures = {
        name: None if found is None else {"accuracy": found.accuracy, "log_loss": found.loss}
        for name, found in judged.items()
    }
    return {"held_out": tuned.held_out, "helped": tuned.helped, **figures}
