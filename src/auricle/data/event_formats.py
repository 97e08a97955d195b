"""Events as the programs of the field write and read them: CSV, label tracks of Audacity, selection tables of Raven."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, final

from auricle.data.events import Recording, SoundEvent
from auricle.data.scan import Rejected
from auricle.errors import DataError, OptionError
from auricle.printable import file_reasons, printable

_MAX_BYTES = 64 << 20
_PATHS = ("path", "file", "filename", "file_name", "name", "begin path", "begin file")
_BEGINS = ("begin", "start", "onset", "begin time (s)")
_ENDS = ("end", "stop", "offset", "end time (s)")
_LABELS = ("label", "event_label", "annotation", "species", "class", "tag", "type")
_DELIMITERS = ("\t", ",", ";")
_RAVEN_OFFSET = "file offset (s)"
_RAVEN = ("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)")
_RAVEN_MORE = ("Begin File", "File Offset (s)", "Begin Date Time", "Annotation", "Score", "Novelty")


class EventRow(NamedTuple):
    """A row of a label file: the recording that it names, and its event.

    The recording is None where the file is about one recording only; the event is None where the row says that the
    recording was listened to, and nothing is in it.
    """

    recording: str | None
    event: SoundEvent | None


class EventFormat(ABC):
    """A way to write events.

    Attributes:
        suffix: of its files.
        joins: whether one file can hold the events of several recordings.
    """

    suffix: str
    joins: bool = True

    @abstractmethod
    def text(self, recordings: Sequence[Recording], *, highest_hertz: float, rejected: Sequence[Rejected] = ()) -> str:
        """The file's contents.

        Args:
            recordings: with their events.
            highest_hertz: of what can be heard in them, for tables that ask for a band.
            rejected: files that can't be used, and why, for formats that can say so.
        """


@final
class CsvEvents(EventFormat):
    """One row an event: path, begin, end, label, score, novelty, and the time of day where the recorder told it."""

    suffix = ".csv"

    def text(self, recordings: Sequence[Recording], *, highest_hertz: float, rejected: Sequence[Rejected] = ()) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("path", "begin", "end", "label", "score", "novelty", "time"))
        for recording in recordings:
            for event in recording.events:
                figures = (_number(event.score), _number(event.novelty), _clock(recording, event, "milliseconds"))
                writer.writerow(
                    (printable(recording.sound.name), _number(event.begin), _number(event.end), event.label, *figures)
                )
        return out.getvalue()


@final
class AudacityEvents(EventFormat):
    """A label track: begin, end and label, with tabs between, about one recording."""

    suffix = ".txt"
    joins = False

    def text(self, recordings: Sequence[Recording], *, highest_hertz: float, rejected: Sequence[Rejected] = ()) -> str:
        lines = [
            f"{event.begin:.6f}\t{event.end:.6f}\t{_flat(event.label)}"
            for recording in recordings
            for event in recording.events
        ]
        return "".join(f"{line}\n" for line in lines)


@final
class RavenEvents(EventFormat):
    """A selection table. Of several recordings, times are those of all of them one after the other, as Raven counts
    them, and ``File Offset (s)`` is the place in the file."""

    suffix = ".selections.txt"

    def text(self, recordings: Sequence[Recording], *, highest_hertz: float, rejected: Sequence[Rejected] = ()) -> str:
        lines, before, number = ["\t".join((*_RAVEN, *_RAVEN_MORE))], 0.0, 0
        for recording in recordings:
            for event in recording.events:
                number += 1
                times = (f"{before + event.begin:.6f}", f"{before + event.end:.6f}")
                place = (_flat(Path(recording.sound.name).name), f"{event.begin:.6f}", _clock(recording, event, "auto"))
                about = (_flat(event.label), _number(event.score), _number(event.novelty))
                band = ("0.0", f"{highest_hertz:.1f}")
                lines.append("\t".join((str(number), "Spectrogram 1", "1", *times, *band, *place, *about)))
            before += recording.sound.seconds
        return "".join(f"{line}\n" for line in lines)


@final
class JsonEvents(EventFormat):
    """The object that ``--json`` prints, in ASCII without control characters, as there."""

    suffix = ".json"

    def text(self, recordings: Sequence[Recording], *, highest_hertz: float, rejected: Sequence[Rejected] = ()) -> str:
        return json.dumps(recording_values(recordings, rejected), indent=1).replace("\x7f", "\\u007f") + "\n"


EVENT_FORMATS: Mapping[str, EventFormat] = MappingProxyType(
    {"csv": CsvEvents(), "audacity": AudacityEvents(), "raven": RavenEvents(), "json": JsonEvents()}
)
"""By the names that ``--format`` takes."""


def event_format(name: str) -> EventFormat:
    """The format of a name.

    Raises:
        OptionError: there is none.
    """
    if name not in EVENT_FORMATS:
        raise OptionError(f"no format {name!r} of events: choose from {', '.join(EVENT_FORMATS)}")
    return EVENT_FORMATS[name]


def format_named_by(path: Path) -> str:
    """The name of the format that a file's name tells: json, raven (``.selections.txt``), else csv."""
    endings = ((EVENT_FORMATS[name].suffix, name) for name in ("json", "raven"))
    return next((name for suffix, name in endings if path.name.lower().endswith(suffix)), "csv")


def recording_values(recordings: Sequence[Recording], rejected: Sequence[Rejected]) -> dict[str, object]:
    """Recordings and their events, and files that were left out, as JSON has them."""
    return {
        "recordings": [
            {
                "path": recording.sound.name,
                "seconds": recording.sound.seconds,
                "started": None if recording.started is None else recording.started.isoformat(),
                "damage": None if recording.damage is None else printable(recording.damage),
                "events": [_event_values(recording, event) for event in recording.events],
            }
            for recording in recordings
        ],
        "rejected": file_reasons(rejected),
    }


def _event_values(recording: Recording, event: SoundEvent) -> dict[str, object]:
    begin, end = round(event.begin, 6), round(event.end, 6)  # 3.45, not 3.4499999999999997
    values: dict[str, object] = {"begin": begin, "end": end, "label": event.label, "score": event.score}
    return {**values, "novelty": event.novelty, "time": _clock(recording, event, "milliseconds") or None}


def _clock(recording: Recording, event: SoundEvent, precision: str) -> str:
    """When the event began by the recorder's clock; empty where it did not tell."""
    if recording.started is None:
        return ""
    return (recording.started + timedelta(seconds=event.begin)).isoformat(timespec=precision)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _flat(text: str) -> str:
    """Without what would end a cell or a line."""
    return printable(" ".join(text.split()))


def names_events(path: Path) -> bool:
    """Whether a label file states begins and ends: all that is no CSV table of ``path`` and ``label`` alone.

    Raises:
        DataError: it can't be read.
    """
    lines = _text(path).splitlines()
    if not lines:
        return True  # a label track without a label
    head = _head(lines[0])
    return not any(name in head for name in _PATHS) or _first(head, _BEGINS) is not None


def event_rows(path: Path, column: str | None = None) -> tuple[EventRow, ...]:
    """The rows of a label file: a selection table of Raven, a label track of Audacity, or a CSV or TSV file whose first
    line names columns such as ``path,begin,end,label``, or with semicolons, where numbers may have decimal commas.

    Args:
        path: the file, in UTF-8.
        column: of the labels; by default ``label``, ``annotation``, ``species`` or the like.

    Raises:
        DataError: the file can't be read, lacks a column, or a line states no event; with its number.
    """
    text = _text(path)
    first = text.splitlines()[0] if text.strip() else ""
    head = _head(first)
    if _first(head, _BEGINS) is None and not any(name in head for name in _PATHS):
        return tuple(_track_rows(path, text))
    return tuple(dict.fromkeys(_table_rows(path, text, _delimiter(first), column)))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(f"{path} has {path.stat().st_size} bytes, label files at most {_MAX_BYTES}: split it")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(f"the labels {path} can't be read ({reason}): name a file in UTF-8") from error


def _head(line: str) -> tuple[str, ...]:
    """Names of columns; none where the line begins with a number, as those of a label track do."""
    names = _names(line, _delimiter(line))
    return () if names[0].replace(".", "", 1).isdecimal() else names


def _delimiter(line: str) -> str:
    """What stands between the columns that a line names: the first that sets off one that is known."""
    columns = {*_PATHS, *_BEGINS}
    return next((mark for mark in _DELIMITERS if not columns.isdisjoint(_names(line, mark))), ",")


def _names(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(name.strip().strip('"').lower() for name in line.split(delimiter))


def _first(head: Iterable[str], names: Sequence[str]) -> str | None:
    present = set(head)
    return next((name for name in names if name in present), None)


def _track_rows(path: Path, text: str) -> Iterator[EventRow]:
    """Lines of a label track; those that begin with a backslash hold the band of the label before."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("\\"):
            begin, end, label = (*line.split("\t"), "", "")[:3]
            yield EventRow(None, _event(path, number, begin, end, label))


def _table_rows(path: Path, text: str, delimiter: str, column: str | None) -> Iterator[EventRow]:
    """Rows of a table with a header. Raven repeats a selection for each of its views: once is enough."""
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        head = [name.strip().lower() for name in next(reader)]
        label = _first(head, (column.lower(),)) if column else _first(head, _LABELS)
        begin, end, recording = _first(head, _BEGINS), _first(head, _ENDS), _first(head, _PATHS)
        for name, column_name in ((begin, "begin"), (end, "end"), (label, column or "label")):
            if name is None:
                raise DataError(f"{path} has no column {column_name}: it has {', '.join(head)}")
        for row in reader:
            cells = {name: cell.strip() for name, cell in zip(head, row, strict=False)}
            if delimiter == ";":
                times = (begin, end, _RAVEN_OFFSET)
                cells |= {name: cells[name].replace(",", ".", 1) for name in times if name in cells}
            if any(cells.values()):
                name = cells.get(recording or "", "").replace("\\", "/").removeprefix("./") or None
                yield EventRow(name, _table_event(path, reader.line_num, cells, (str(begin), str(end), str(label))))
    except csv.Error as error:
        raise DataError(f"the labels {path} can't be read ({error}): name a table of text") from error


def _table_event(path: Path, number: int, cells: Mapping[str, str], columns: tuple[str, str, str]) -> SoundEvent | None:
    begin, end, label = (cells.get(name, "") for name in columns)
    if not (begin or end or label):
        return None
    event = _event(path, number, begin, end, label)
    if not cells.get(_RAVEN_OFFSET):
        return event
    start = _seconds(path, number, cells[_RAVEN_OFFSET])
    return SoundEvent(start, start + event.seconds, event.label)


def _event(path: Path, number: int, begin: str, end: str, label: str) -> SoundEvent:
    first, last = _seconds(path, number, begin), _seconds(path, number, end)
    if not label.strip():
        raise DataError(f"{path}, line {number}: the event at {first:g} s has no label: write what is heard")
    if not label.strip().isprintable():
        raise DataError(f"{path}, line {number}: the label {label.strip()!r} can't be printed: write plain text")
    if last <= first:
        raise DataError(f"{path}, line {number}: the event ends at {last:g} s and begins at {first:g} s: swap or mend")
    return SoundEvent(first, last, label.strip())


def _seconds(path: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or value < 0:
        raise DataError(f"{path}, line {number}: {text[:40]!r} is no time: write seconds, as 12.5")
    return value
