"""``auricle classify detect``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, final

from cyclopts import Parameter

from auricle.cli.arguments import names_folder
from auricle.cli.formatting import format_table, format_timestamp
from auricle.cli.many import exit_code, run_many, uses_engine
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.archive import ArchiveOptions
from auricle.options.classification import DetectionOptions
from auricle.printable import rejected_lines

if TYPE_CHECKING:
    from auricle.archive.tasks.classify import DetectTask
    from auricle.data.event_formats import EventFormat
    from auricle.data.events import Recording, SoundEvent
    from auricle.data.scan import Rejected

_CLASSIFIER = Path("sounds.classifier.safetensors")
_OPTIONS = DetectionOptions()
FormatName = Literal["csv", "audacity", "raven", "json"]


@final
@Parameter(name="*")
@dataclass(frozen=True)
class EventFileOptions:
    """How events are written.

    Attributes:
        format: print or write events so: csv, audacity (a label track), raven (a selection table) or json. By default
            a table to read; with --out what a name in .json or .selections.txt tells, else csv.
        out: file to write, or a folder, also a new one, whose name has no ending: then each recording gets a file of
            its own, called after it.
    """

    format: FormatName | None = None
    out: Path | None = None


_TABLE = EventFileOptions()


def classify_detect(
    *files: Path,
    classifier: Path = _CLASSIFIER,
    model: str | None = None,
    written_as: EventFileOptions = _TABLE,
    options: Annotated[DetectionOptions, Parameter(name="*", negative="")] = _OPTIONS,
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Find events in long recordings: what, from when to when, and how sure.

    Args:
        files: recordings of any length, or folders of them.
        classifier: what `auricle classify fit` wrote from labels with begin and end.
        model: its autoencoder, where that is not a shipped one.
        force: replace existing files.

    With --jobs, --files-from or --manifest many processes listen, and a ledger is kept.
    """
    from auricle import Classifier, DetectTask, detect
    from auricle.atomic import check_writable
    from auricle.data.event_formats import event_format, format_named_by, recording_values
    from auricle.errors import OptionError

    format, out = written_as.format, written_as.out
    if output.json and out is None and format not in (None, "json"):
        raise OptionError(f"--json prints one object, not {format}: leave --format out, or name a file with --out")
    style = event_format(format or format_named_by(out or Path())) if format or out else None
    apart = out is not None and names_folder(out)
    if style is not None and not style.joins and not apart and (len(files) > 1 or any(path.is_dir() for path in files)):
        raise OptionError(f"a file of {format} is about one recording: name one, or give --out FOLDER")
    if out is not None and not apart:
        check_writable(out, force=force)
    elif out is not None and style is not None and out.is_dir() and not force and archive.files_from is None:
        _check_free(files, style, out)
    screen = Screen(output)
    rejected: list[Rejected] = []
    if uses_engine(files, archive):
        recordings = _detect_many(DetectTask(classifier, model, options), files, archive, screen, rejected.append)
    else:
        loaded = Classifier.load(classifier, model)
        with screen.progress("detect") as on_progress:
            recordings = detect(
                files,
                loaded,
                options=options,
                on_progress=on_progress,
                on_note=screen.note,
                on_rejected=rejected.append,
            )
    code = exit_code([*rejected, *(recording for recording in recordings if recording.damage is not None)])
    values = recording_values(recordings, rejected)
    if style is None or (out is None and output.json):
        screen.result(_table(recordings), values)
        return code
    if out is None:
        if not output.quiet:
            print(_contents(recordings, style, rejected), end="")  # a table for programs: tabs stay
        return code
    written = _write(recordings, style, out, rejected, force=force)
    screen.result(_summary(recordings, written), {**values, "written": [str(path) for path in written]})
    return code


def _detect_many(
    task: "DetectTask",
    files: tuple[Path, ...],
    archive: ArchiveOptions,
    screen: Screen,
    on_rejected: "Callable[[Rejected], None]",
) -> "tuple[Recording, ...]":
    from auricle.archive.tasks.classify import recordings_of, rejected_of

    many = run_many(task, files, None, archive, screen)
    recordings = recordings_of(many.records)
    rejected = rejected_of(many.records)
    screen.note(*rejected_lines(rejected))
    for file in rejected:
        on_rejected(file)
    for record in many.done:
        screen.note(*record.result["notes"])
    return recordings


def _write(
    recordings: "tuple[Recording, ...]",
    style: "EventFormat",
    out: Path,
    rejected: "Sequence[Rejected]",
    *,
    force: bool,
) -> list[Path]:
    """The files that were written; one of all recordings tells also which were left out."""
    from auricle.atomic import atomic_write, check_writable

    parts = {out: recordings}
    if names_folder(out):
        out.mkdir(parents=True, exist_ok=True)
        paths = _paths_in(out, [recording.sound.name for recording in recordings], style)
        parts = {path: (recording,) for path, recording in zip(paths, recordings, strict=True)}
    for path in parts:
        check_writable(path, force=force)
    for path, group in parts.items():
        with atomic_write(path, force=force) as temporary:
            temporary.write_text(_contents(group, style, rejected if path == out else ()), "utf-8")
    return list(parts)


def _paths_in(folder: Path, recordings: "Sequence[str]", style: "EventFormat") -> list[Path]:
    """A file for each recording, called after it; with its folders where two would have one name."""
    stems = [Path(name).stem for name in recordings]
    names = [name.replace("/", "_").strip("_") for name in recordings]
    titles = stems if len(set(stems)) == len(stems) else names
    return [folder / f"{title}{style.suffix}" for title in titles]


def _check_free(files: "tuple[Path, ...]", style: "EventFormat", out: Path) -> None:
    """Refuse, before hours of listening, files that are there already.

    Raises:
        OutputError: one is.
    """
    from auricle.archive.places import is_remote
    from auricle.atomic import check_writable
    from auricle.classify.features.extract import list_sounds

    if any(map(is_remote, files)):
        return
    sounds, _ = list_sounds(files)
    for path in _paths_in(out, [sound.name for sound in sounds], style):
        check_writable(path, force=False)


def _contents(recordings: "tuple[Recording, ...]", style: "EventFormat", rejected: "Sequence[Rejected]") -> str:
    highest_hertz = min(recording.sound.sample_rate for recording in recordings) / 2
    return style.text(recordings, highest_hertz=highest_hertz, rejected=rejected)


def _summary(recordings: "tuple[Recording, ...]", written: list[Path]) -> str:
    events = sum(len(recording.events) for recording in recordings)
    hours = sum(recording.sound.seconds for recording in recordings) / 3600
    files = str(written[0]) if len(written) == 1 else f"{len(written)} files in {written[0].parent}"
    return f"{files}: {events} events in {hours:.2f} h"


def _table(recordings: "tuple[Recording, ...]") -> list[str]:
    rows = [_row(recording, event) for recording in recordings for event in recording.events]
    if not rows:
        return ["no events"]
    return format_table(("recording", "from", "to", "event", "score", "novelty", "time of day"), rows)


def _row(recording: "Recording", event: "SoundEvent") -> tuple[str, ...]:
    from datetime import timedelta

    clock = ""
    if recording.started is not None:
        clock = f"{recording.started + timedelta(seconds=event.begin):%Y-%m-%d %H:%M:%S}"
    places = (format_timestamp(event.begin), format_timestamp(event.end))
    return (recording.sound.name, *places, event.label, f"{event.score:.2f}", f"{event.novelty:.1f}", clock)
