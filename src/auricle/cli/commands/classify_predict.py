"""``auricle classify predict``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_table, format_timestamp
from auricle.cli.many import exit_code, run_many, uses_engine
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.errors import OptionError
from auricle.options.archive import ArchiveOptions
from auricle.options.classification import CacheOptions
from auricle.printable import file_reasons, rejected_lines

if TYPE_CHECKING:
    from auricle.classify.prediction import Guess, Predictions, Span
    from auricle.data.scan import Rejected

_SILENT = "silence"
_OWN, _SHIPPED = Path("sounds.classifier.safetensors"), Path("environment")


@final
@Parameter(name="*")
@dataclass(frozen=True)
class TimelineOptions:
    """What is heard when.

    Attributes:
        timeline: of each file, tell what is heard when.
        window: seconds of a timeline's windows; by default the median length of the sounds that were learned from.
    """

    timeline: Flag = False
    window: float | None = None


_WHOLE_SOUNDS = TimelineOptions()


def classify_predict(
    *files: Path,
    classifier: Path | None = None,
    model: str | None = None,
    top: Annotated[int, Parameter(validator=Number(gte=1))] = 3,
    groups: str | None = None,
    when: TimelineOptions = _WHOLE_SOUNDS,
    caching: Annotated[CacheOptions, Parameter(name="*", negative="")] = CacheOptions(),
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Tell what is heard in sounds, and when.

    Args:
        files: audio files, or folders of them.
        classifier: what `auricle classify fit` wrote, or a shipped classifier's name; by default
            sounds.classifier.safetensors if it is there, else environment, which knows ten kinds of sound.
        model: its autoencoder, where that is not a shipped one.
        top: classes to name for each sound, the most probable first.
        groups: where the classifier was fitted with --normalise-groups: a regular expression that finds the group in a
            file's path, as '([^/]+)/[^/]*$' its folder; by default all are of one group.

    With --jobs, --files-from or --manifest many processes listen, and the ledger is kept instead of the cache.
    """
    screen = Screen(output)
    name = classifier or (_OWN if _OWN.is_file() else _SHIPPED)
    if groups is not None and when.timeline:
        raise OptionError("--groups compares whole sounds of a group: leave --timeline out")
    if uses_engine(files, archive):
        if groups is not None:
            raise OptionError("--groups compares sounds of a group: leave --jobs, --files-from and --manifest out")
        from auricle import PredictTask
        from auricle.archive.tasks.classify import predictions_of, rejected_of, timelines_of

        task = PredictTask(name, model, top, when.timeline, when.window)
        many = run_many(task, files, None, archive, screen)
        if when.timeline:
            timelines, failed = timelines_of(many.records), rejected_of(many.records)
            screen.note(*rejected_lines(failed))
            _show_timelines(timelines, failed, screen)
        else:
            _show_predictions(predictions_of(many.records), screen)
        return exit_code(many.failed)
    from auricle import Classifier

    loaded = Classifier.load(name, model)
    if when.timeline:
        rejected: list[Rejected] = []
        with screen.progress("listen") as on_progress:
            timelines = loaded.timelines(
                files, window=when.window, on_progress=on_progress, on_note=screen.note, on_rejected=rejected.append
            )
        _show_timelines(timelines, rejected, screen)
        return exit_code(rejected)
    with screen.progress("listen") as on_progress:
        predictions = loaded.predict(
            files, top=top, groups=groups, caching=caching, on_progress=on_progress, on_note=screen.note
        )
    _show_predictions(predictions, screen)
    return exit_code(predictions.rejected)


def _show_timelines(
    timelines: "Mapping[str, tuple[Span, ...]]", rejected: "Sequence[Rejected]", screen: Screen
) -> None:
    values = {
        "timelines": [{"name": name, "spans": _span_values(spans)} for name, spans in timelines.items()],
        "rejected": file_reasons(rejected),
    }
    screen.result([line for name, spans in timelines.items() for line in (f"{name}:", *map(_line, spans))], values)


def _show_predictions(predictions: "Predictions", screen: Screen) -> None:
    from auricle.classify.label_checks import note_silent

    screen.note(*rejected_lines(predictions.rejected))
    note_silent(predictions.silent, screen.note)
    silent = set(predictions.silent)
    named = [(sound.name, () if sound.name in silent else sound.guesses) for sound in predictions.sounds]
    most = max((len(guesses) for _, guesses in named), default=0) or 1
    texts = [(name, [*map(_guess_text, guesses)] or [_SILENT]) for name, guesses in named]
    head = ("sound", *(f"guess {rank}" for rank in range(1, most + 1)))
    rows = [(name, *guesses, *[""] * (most - len(guesses))) for name, guesses in texts]
    values = {
        "sounds": [{"name": name, "guesses": _guess_values(guesses)} for name, guesses in named],
        "rejected": file_reasons(predictions.rejected),
        "silent": list(predictions.silent),
    }
    screen.result(format_table(head, rows), values)


def _guess_text(guess: "Guess") -> str:
    return f"{guess.label} {guess.probability:.0%}"


def _line(span: "Span") -> str:
    return f"  {format_timestamp(span.start):>9} to {format_timestamp(span.end):>9}  {_guess_text(span.guess)}"


def _guess_values(guesses: "tuple[Guess, ...]") -> list[dict[str, object]]:
    return [{"label": guess.label, "probability": guess.probability} for guess in guesses]


def _span_values(spans: "tuple[Span, ...]") -> list[dict[str, object]]:
    return [
        {"start": span.start, "end": span.end, "label": span.guess.label, "probability": span.guess.probability}
        for span in spans
    ]
