"""``auricle classify suggest``."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_table, format_timestamp, paragraph
from auricle.cli.many import exit_code
from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.options.classification import SuggestionOptions
from auricle.printable import file_reasons, rejected_lines

if TYPE_CHECKING:
    from auricle.classify.search.suggestions import Suggestion, Suggestions

_METHODS = {
    "typical": "label these next (each in the middle of sounds like it)",
    "uncertain": "label these next (the classifier is unsure, and they differ)",
    "none": "every sound has a label",
}


@dataclass(frozen=True)
class _Options(SuggestionOptions):
    __doc__ = SuggestionOptions.__doc__

    count: Annotated[int, Parameter(name=("--count", "-n"))] = 20


_OPTIONS = _Options()


def classify_suggest(
    folder: Path,
    /,
    *,
    classifier: Path | None = None,
    model: str | None = None,
    options: Annotated[_Options, Parameter(name="*", negative="")] = _OPTIONS,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Propose sounds to label next; name outliers, near duplicates and doubtful labels.

    Args:
        folder: sounds, most of them without a label; or long recordings, with --window.
        classifier: what `auricle classify fit` wrote from the labels so far. Sounds in folders named as its classes
            count as labelled.
        model: whose encoder compares sounds: a shipped model's name or a model file; by default the classifier's, or
            speech for sounds up to 24 kHz, else music.
    """
    from auricle import Classifier, suggest

    screen = Screen(output)
    loaded = None if classifier is None else Classifier.load(classifier, model)
    with screen.progress("listen") as on_progress:
        suggestions = suggest(
            folder,
            classifier=loaded,
            model=model,
            options=options,
            on_progress=on_progress,
            on_note=screen.note,
        )
    screen.note(*rejected_lines(suggestions.rejected))
    screen.result(_lines(suggestions), _values(suggestions))
    return exit_code(suggestions.rejected)


def _lines(suggestions: "Suggestions") -> Iterator[str]:
    colon = ":" if suggestions.sounds else ""
    method = _METHODS[suggestions.method]
    moments = bool(suggestions.sounds) and suggestions.sounds[0].begin is not None
    counted = f"{suggestions.files} {'stretches' if moments else 'sounds'}"
    yield f"{counted}, {suggestions.labelled} with a label, model {suggestions.model}; {method}{colon}"
    if suggestions.sounds:
        head = ("recording", "from", "to", "perhaps", "sure") if moments else ("sound", "perhaps", "sure")
        yield from format_table(head, [_row(sound) for sound in suggestions.sounds])
    outliers = [f"{sound.name} ({sound.deviations:.1f} deviations from the usual)" for sound in suggestions.outliers]
    groups = [" = ".join(group[:4]) + _more(len(group) - 4) for group in suggestions.duplicates]
    doubtful = [
        f"{sound.name} is labelled {sound.label}, its neighbours {sound.neighbours}" for sound in suggestions.doubtful
    ]
    yield from paragraph("unlike all others", outliers)
    yield from paragraph("nearly alike", groups)
    yield from paragraph("labels to check", doubtful)


def _row(sound: "Suggestion") -> tuple[str, ...]:
    places = (sound.begin, sound.end)
    span = [format_timestamp(place) for place in places if place is not None]
    sure = "-" if sound.probability is None else f"{sound.probability:.0%}"
    return (sound.name, *span, sound.guess or "-", sure)


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _values(suggestions: "Suggestions") -> dict[str, object]:
    return {**asdict(suggestions), "rejected": file_reasons(suggestions.rejected)}
