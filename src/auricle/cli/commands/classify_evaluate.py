"""``auricle classify evaluate``."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_table
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.classification import CrossValidationOptions

if TYPE_CHECKING:
    from auricle.classify.evaluation.compare import Comparison
    from auricle.classify.evaluation.cross_validation import Evaluation, Interval


def classify_evaluate(
    sounds: Path,
    /,
    *,
    model: str | None = None,
    options: Annotated[CrossValidationOptions, Parameter(name="*", negative="")] = CrossValidationOptions(),
    out: Path | None = None,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Measure how well classes can be told apart, beside simple baselines.

    Args:
        sounds: a folder with a subfolder for each class, or any folder with --labels-table.
        model: whose encoder makes the features: a shipped model's name or a model file; by default speech for sounds up
            to 24 kHz, else music.
        out: picture to write (PNG): the confusion matrix.
        force: replace an existing picture.
    """
    from auricle import evaluate_classifier as run

    screen = Screen(output)
    with screen.progress("evaluate") as on_progress:
        comparison = run(
            sounds, model, options=options, out=out, force=force, on_progress=on_progress, on_note=screen.note
        )
    screen.result(_lines(comparison, out), _values(comparison, out))


def _lines(comparison: "Comparison", out: Path | None) -> Iterator[str]:
    evaluation = comparison.evaluation
    rows = [_row(f"{comparison.features} of {comparison.model}", evaluation, None)]
    rows += [_row(baseline.name, baseline.evaluation, baseline.lead) for baseline in comparison.baselines]
    classes = [
        (name, f"{figures.recall:.1%}", f"{figures.precision:.1%}", f"{figures.f1:.3f}", str(figures.files))
        for name, figures in evaluation.per_class.items()
    ]
    head = ("features", "accuracy", "95 % interval", "balanced", "calibration error", "lead")
    folds = ", ".join(f"{fold} {value:.1%}" for fold, value in evaluation.fold_accuracy.items())
    yield from (*format_table(head, rows), "")
    yield from (*format_table(("class", "recall", "precision", "F1", "files"), classes), "")
    yield f"{len(evaluation.truth)} sounds, {len(evaluation.classes)} classes, folds: {folds}"
    yield from ("", comparison.verdict)
    if out is not None:
        yield from ("", f"confusion matrix: {out}")


def _row(name: str, evaluation: "Evaluation", lead: "Interval | None") -> tuple[str, ...]:
    value, low, high = evaluation.accuracy
    lead_text = "" if lead is None else f"{100 * lead.value:+.1f} ({100 * lead.low:+.1f} to {100 * lead.high:+.1f})"
    interval = f"{low:.1%} to {high:.1%}"
    return (
        name,
        f"{value:.1%}",
        interval,
        f"{evaluation.balanced_accuracy:.1%}",
        f"{evaluation.calibration_error:.3f}",
        lead_text,
    )


def _values(comparison: "Comparison", out: Path | None) -> dict[str, object]:
    evaluation = comparison.evaluation
    return {
        "model": comparison.model,
        "features": comparison.features,
        "segments": comparison.feature_config.segments,
        "files": len(evaluation.truth),
        **_figures(evaluation),
        "classes": {name: figures._asdict() for name, figures in evaluation.per_class.items()},
        "folds": evaluation.fold_accuracy,
        "confusion": evaluation.confusion.tolist(),
        "baselines": [
            {"name": baseline.name, **_figures(baseline.evaluation), "lead": baseline.lead._asdict()}
            for baseline in comparison.baselines
        ],
        "verdict": comparison.verdict,
        "notes": list(comparison.notes),
        "out": out,
    }


def _figures(evaluation: "Evaluation") -> dict[str, object]:
    return {
        "accuracy": evaluation.accuracy.value,
        "interval": [evaluation.accuracy.low, evaluation.accuracy.high],
        "balanced_accuracy": evaluation.balanced_accuracy,
        "calibration_error": evaluation.calibration_error,
    }
