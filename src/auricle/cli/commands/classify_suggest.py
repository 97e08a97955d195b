"""``auricle classify suggest``."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_table
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen

if TYPE_CHECKING:
    from auricle.classify.search.suggest import DoubtfulLabel, Suggestions

_SHOWN = 10
_METHODS = {
    "typical": "label these next (each in the middle of sounds like it)",
    "uncertain": "label these next (the classifier is unsure, and they differ)",
    "none": "every sound has a label",
}


def classify_suggest(
    folder: Path,
    /,
    *,
    classifier: Path | None = None,
    labels: Path | None = None,
    column: str = "label",
    model: str | None = None,
    count: Annotated[int, Parameter(name=["--count", "-n"], validator=Number(gte=1))] = 20,
    seed: int = 0,
    no_cache: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Propose sounds to label next; name outliers, near duplicates and doubtful labels.

    Args:
        folder: sounds, most of them without a label.
        classifier: what `auricle classify fit` wrote from the labels so far. Sounds in folders named as its classes
            count as labelled.
        labels: CSV with a header: path (relative to the folder) and label of what is labelled already.
        column: the column of labels.
        model: whose encoder compares sounds: a shipped name or a model file; speech by default, or the classifier's.
        count: how many sounds to propose.
        seed: decides how clusters begin.
        no_cache: neither read nor write the cache of features.
    """
    from auricle import Classifier, suggest

    screen = Screen(output)
    able = None if classifier is None else Classifier.load(classifier, model)
    with screen.progress("listen") as on_progress:
        found = suggest(
            folder,
            classifier=able,
            table=labels,
            column=column,
            model=model or "speech",
            count=count,
            seed=seed,
            keep=not no_cache,
            on_progress=on_progress,
            on_note=screen.note,
        )
    if found.skipped:
        screen.note(f"{len(found.skipped)} files left out; the first: {found.skipped[0].reason}")
    screen.result("\n".join(_lines(found)), _values(found))


def _lines(found: "Suggestions") -> Iterator[str]:
    yield f"{found.files} sounds, {found.labelled} with a label; {_METHODS[found.method]}{':' if found.sounds else ''}"
    if found.sounds:
        rows = [
            (each.name, each.guess or "-", "-" if each.probability is None else f"{each.probability:.0%}")
            for each in found.sounds
        ]
        yield format_table(("sound", "perhaps", "sure"), rows)
    apart = [f"{each.name} ({each.deviations:.1f} deviations from the usual)" for each in found.outliers]
    yield from _listed("unlike all others", apart)
    yield from _listed("nearly alike", [" = ".join(group[:4]) + _more(len(group) - 4) for group in found.duplicates])
    yield from _listed("labels to check", [_doubt(each) for each in found.doubtful])


def _doubt(each: "DoubtfulLabel") -> str:
    return f"{each.name} is labelled {each.label}, its neighbours {each.neighbours}"


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _listed(title: str, entries: Sequence[str]) -> Iterator[str]:
    if not entries:
        return
    yield f"\n{title}:"
    yield from (f"  {entry}" for entry in entries[:_SHOWN])
    if len(entries) > _SHOWN:
        yield f"  and {len(entries) - _SHOWN} more: --json lists all"


def _values(found: "Suggestions") -> dict[str, object]:
    return {
        "files": found.files,
        "labelled": found.labelled,
        "model": found.model,
        "method": found.method,
        "sounds": [{"name": each.name, "guess": each.guess, "probability": each.probability} for each in found.sounds],
        "outliers": [{"name": each.name, "deviations": each.deviations} for each in found.outliers],
        "duplicates": [list(group) for group in found.duplicates],
        "doubtful": [
            {"name": each.name, "label": each.label, "neighbours": each.neighbours} for each in found.doubtful
        ],
        "skipped": [{"path": refused.path, "reason": refused.reason} for refused in found.skipped],
    }
