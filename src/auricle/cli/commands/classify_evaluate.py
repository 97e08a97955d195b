"""``auricle classify evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_table
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen

if TYPE_CHECKING:
    from auricle.classify.evaluation.compare import Comparison
    from auricle.classify.evaluation.cross_validation import Evaluation, Interval


def classify_evaluate(
    sounds: Path,
    /,
    *,
    labels: Path | None = None,
    column: str = "label",
    folds: str = "5",
    groups: str | None = None,
    model: str = "speech",
    probe: str = "ridge",
    segments: Annotated[int | None, Parameter(validator=Number(gte=1, lte=32))] = None,
    skip_baselines: Flag = False,
    out: Path | None = None,
    seed: int = 0,
    no_cache: Flag = False,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Measure how well classes can be told apart, beside simple baselines.

    Args:
        sounds: a folder with a subfolder for each class, or any folder with --labels.
        labels: CSV with a header: path (relative to the folder), label, and optionally fold and group.
        column: the column of labels.
        folds: esc10 (its official folds), a column of --labels, or a number of folds.
        groups: the column of groups, such as speakers, that are never on both sides; without --labels a regular
            expression that finds the group in a file's path.
        model: whose encoder makes the features: a shipped name or a model file.
        probe: ridge or logistic (linear), mlp (a small network) or knn (nearest neighbours).
        segments: parts of a sound that are told apart; by default 8 where sounds are short, else 1.
        skip_baselines: do not compare.
        out: picture to write (PNG): the confusion matrix.
        seed: decides folds, first weights and the random encoder.
        no_cache: neither read nor write the cache of features.
        force: replace an existing picture.
    """
    from auricle import evaluate_classifier as run

    screen = Screen(output)
    with screen.progress("evaluate") as on_progress:
        found = run(
            sounds,
            model,
            table=labels,
            column=column,
            folds=folds,
            groups=groups,
            kind=probe,
            segments=segments,
            baselines=not skip_baselines,
            picture=out,
            force=force,
            seed=seed,
            keep=not no_cache,
            on_progress=on_progress,
            on_note=screen.note,
        )
    screen.result(_text(found, out), _values(found, out))


def _text(found: "Comparison", out: Path | None) -> str:
    own = found.found
    rows = [_row(f"latents of {found.model}", own, None)]
    rows += [_row(each.name, each.found, each.lead) for each in found.baselines]
    classes = [
        (name, f"{figures.recall:.1%}", f"{figures.precision:.1%}", f"{figures.f1:.3f}", str(figures.files))
        for name, figures in own.per_class.items()
    ]
    parts = [
        format_table(
            ("features", "accuracy", "95 % interval", "balanced", "calibration error", "latents lead by"), rows
        ),
        format_table(("class", "recall", "precision", "F1", "files"), classes),
        f"{len(own.truth)} sounds, {len(own.classes)} classes, folds: "
        + ", ".join(f"{fold} {value:.1%}" for fold, value in own.fold_accuracy.items()),
        found.verdict,
    ]
    return "\n\n".join([*parts, *([f"confusion matrix: {out}"] if out is not None else [])])


def _row(name: str, found: "Evaluation", lead: "Interval | None") -> tuple[str, ...]:
    value, low, high = found.accuracy
    ahead = "" if lead is None else f"{100 * lead.value:+.1f} ({100 * lead.low:+.1f} to {100 * lead.high:+.1f})"
    interval = f"{low:.1%} to {high:.1%}"
    return name, f"{value:.1%}", interval, f"{found.balanced_accuracy:.1%}", f"{found.calibration_error:.3f}", ahead


def _values(found: "Comparison", out: Path | None) -> dict[str, object]:
    own = found.found
    return {
        "model": found.model,
        "segments": found.features.segments,
        "files": len(own.truth),
        **_figures(own),
        "classes": {name: figures._asdict() for name, figures in own.per_class.items()},
        "folds": own.fold_accuracy,
        "confusion": own.confusion.tolist(),
        "baselines": [
            {"name": each.name, **_figures(each.found), "lead": each.lead._asdict()} for each in found.baselines
        ],
        "verdict": found.verdict,
        "notes": list(found.notes),
        "picture": out,
    }


def _figures(found: "Evaluation") -> dict[str, object]:
    return {
        "accuracy": found.accuracy.value,
        "interval": [found.accuracy.low, found.accuracy.high],
        "balanced_accuracy": found.balanced_accuracy,
        "calibration_error": found.calibration_error,
    }
