"""``auricle classify predict``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_table, format_timestamp
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen

if TYPE_CHECKING:
    from auricle.classify.classifier import Guess, Span

_CLASSIFIER = Path("sounds.classifier.safetensors")


def classify_predict(
    *files: Path,
    classifier: Path = _CLASSIFIER,
    model: str | None = None,
    top: Annotated[int, Parameter(validator=Number(gte=1))] = 3,
    timeline: Flag = False,
    window: float | None = None,
    no_cache: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Tell what is heard in sounds, and when.

    Args:
        files: audio files, or folders of them.
        classifier: what `auricle classify fit` wrote.
        model: its autoencoder, where that is not a shipped one.
        top: classes to name for each sound, the most probable first.
        timeline: of each file, tell what is heard when.
        window: seconds of a timeline's windows; by default the median length of the sounds that were learned from.
        no_cache: neither read nor write the cache of features.
    """
    from auricle import Classifier
    from auricle.classify.label_checks import tell_silent

    screen = Screen(output)
    able = Classifier.load(classifier, model)
    if timeline:
        with screen.progress("listen") as on_progress:
            spans = able.timelines(
                files,
                seconds=window,
                on_progress=on_progress,
                on_note=screen.note,
            )
        text = "\n".join(line for name, found in spans.items() for line in (f"{name}:", *map(_line, found)))
        screen.result(text, {"timelines": [{"name": name, "spans": _spans(found)} for name, found in spans.items()]})
        return
    with screen.progress("listen") as on_progress:
        told = able.predict(files, top=top, keep=not no_cache, on_progress=on_progress)
    for refused in told.skipped:
        screen.note(f"left out: {refused.reason}")
    tell_silent(told.silent, screen.note)
    rows = [(sound.name, *map(_words, sound.guesses)) for sound in told.sounds]
    head = ("sound", *(f"guess {rank}" for rank in range(1, len(rows[0]))))
    values = {
        "sounds": [{"name": sound.name, "guesses": _guesses(sound.guesses)} for sound in told.sounds],
        "skipped": [{"path": refused.path, "reason": refused.reason} for refused in told.skipped],
        "silent": list(told.silent),
    }
    screen.result(format_table(head, rows), values)


def _words(guess: "Guess") -> str:
    return f"{guess.label} {guess.probability:.0%}"


def _line(span: "Span") -> str:
    return f"  {format_timestamp(span.start):>9} to {format_timestamp(span.end):>9}  {_words(span.guess)}"


def _guesses(guesses: "tuple[Guess, ...]") -> list[dict[str, object]]:
    return [{"label": guess.label, "probability": guess.probability} for guess in guesses]


def _spans(found: "tuple[Span, ...]") -> list[dict[str, object]]:
    return [
        {"start": span.start, "end": span.end, "label": span.guess.label, "probability": span.guess.probability}
        for span in found
    ]
