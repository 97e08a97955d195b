"""What sounds are called: labels from the folders that hold them, or from a table."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import final
from unicodedata import normalize

from auricle.data.scan import MIN_SECONDS, Corpus, Rejected, Sound, scan
from auricle.errors import DataError

MAX_CLASSES, MAX_CLASS_NAME = 10_000, 256
"""Of classes that a file holds, and of characters in a name."""
_SPLITS = frozenset({"train", "training", "valid", "validation", "test", "heldout", "held_out", "held-out", "eval"})
_PATH_COLUMNS = ("path", "file", "filename", "file_name", "name")
_DELIMITERS = (",", ";", "\t")


@final
@dataclass(frozen=True, slots=True)
class Labelled:
    """A sound and what is known of it.

    Attributes:
        sound: the file.
        label: its class; None if nobody said.
        fold: the part of a cross-validation that it belongs to; None if nobody said.
        group: what it must not be separated from (speaker, recording, source); None if nobody said.
    """

    sound: Sound
    label: str | None
    fold: str | None = None
    group: str | None = None


@final
@dataclass(frozen=True)
class Labels:
    """The sounds of a folder in the order of their names, with their labels.

    Attributes:
        sounds: every usable sound, those without a label too.
        rejected: files that can't be used, and why.
        unmatched: rows of the table that name no usable sound.
        classes: the labels, each once, in alphabetical order.
    """

    sounds: tuple[Labelled, ...]
    rejected: tuple[Rejected, ...] = ()
    unmatched: int = 0
    classes: tuple[str, ...] = ()

    @property
    def labelled(self) -> tuple[Labelled, ...]:
        """The sounds that have a label."""
        return tuple(sound for sound in self.sounds if sound.label is not None)


def labelled(
    folder: Path | str,
    table: Path | str | None = None,
    *,
    column: str = "label",
    fold: str | None = None,
    group: str | None = None,
    min_seconds: float = MIN_SECONDS,
) -> Labels:
    """Find the sounds below a folder, and their labels.

    Without a table a sound's label is the folder that holds it, relative to ``folder`` and with forward slashes;
    a leading ``train``, ``valid`` or ``test`` is dropped. Sounds that lie in no subfolder have no label.

    Args:
        folder: where the sounds are.
        table: a CSV file with a header, with commas, semicolons or tabs between its columns; its column ``path`` (or
            ``file``, ``filename``, ``name``) is relative to ``folder``. Letters with accents match however they are
            composed (NFC, NFD).
        column: the column of the labels.
        fold: the column of the folds; by default ``fold``, if there is one.
        group: the column of the groups; by default ``group``, if there is one.
        min_seconds: shorter sounds are rejected.

    Raises:
        DataError: the folder holds no usable sound; the table can't be read, lacks a column that was asked for,
            contradicts itself, or none of its rows names a sound.
    """
    corpus = scan(folder, min_seconds=min_seconds)
    return label_corpus(corpus, folder, table, column=column, fold=fold, group=group)


def label_corpus(
    corpus: Corpus,
    folder: Path | str,
    table: Path | str | None = None,
    *,
    column: str = "label",
    fold: str | None = None,
    group: str | None = None,
) -> Labels:
    """As `labelled`, for sounds that were found already below ``folder``.

    Raises:
        DataError: as `labelled`, of the table.
    """
    if table is None:
        return _make_labels(
            [Labelled(sound, label) for sound, label in _folder_labels(corpus.sounds)], corpus.rejected, 0
        )
    rows = _rows(Path(table), column, fold, group)
    rows = _match_names(rows, [sound.name for sound in corpus.sounds])
    names = {sound.name for sound in corpus.sounds}
    unmatched = sum(name not in names for name in rows)
    if unmatched == len(rows):
        first = next(iter(rows), "nothing")
        raise DataError(
            f"{table}: none of its {len(rows)} rows names a usable sound below {folder} (the first names {first}): "
            "paths must be relative to this folder"
        )
    nothing = (None, None, None)
    labelled_sounds = [Labelled(sound, *rows.get(sound.name, nothing)) for sound in corpus.sounds]
    return _make_labels(labelled_sounds, corpus.rejected, unmatched)


def _match_names(rows: Mapping[str, "_Row"], names: Sequence[str]) -> Mapping[str, "_Row"]:
    """Rows by the names of the files: a row whose name is composed otherwise, as macOS does it, takes its file's."""
    exact = set(names)
    others: dict[str, list[str]] = {}
    for name in names:
        if name not in rows:
            others.setdefault(normalize("NFC", name), []).append(name)
    matched: dict[str, _Row] = {}
    for name, row in rows.items():
        alike = [] if name in exact else others.get(normalize("NFC", name), [])
        matched[alike[0] if len(alike) == 1 else name] = row
    return matched


def check_class_names(names: Iterable[str], *, most: int = MAX_CLASSES) -> None:
    """Refuse names that no file could hold or no page could show, before any work is done for them.

    Args:
        names: of the classes, each once.
        most: how many there may be.

    Raises:
        DataError: one has a character that can't be shown, or is too long; or there are too many.
    """
    classes = list(names)
    for name in classes:
        strange = next((letter for letter in name if not letter.isprintable()), None)
        if strange is not None:
            raise DataError(
                f"the class {name!r} has the character U+{ord(strange):04X}, which can't be shown: rename its folder, "
                "or write its label without it"
            )
        if len(name) > MAX_CLASS_NAME:
            raise DataError(
                f"the class {name[:30]}... has a name of {len(name)} characters, at most {MAX_CLASS_NAME} are allowed: "
                "shorten it"
            )
    if len(classes) > most:
        raise DataError(
            f"{len(classes)} classes, at most {most} can be learned: is the column of labels, or the folder, the right "
            "one?"
        )


def _make_labels(sounds: list[Labelled], rejected: tuple[Rejected, ...], unmatched: int) -> Labels:
    classes = sorted({sound.label for sound in sounds if sound.label is not None})
    return Labels(tuple(sounds), rejected, unmatched, tuple(classes))


def _folder_labels(sounds: Sequence[Sound]) -> Iterator[tuple[Sound, str | None]]:
    places = [sound.name.split("/")[:-1] for sound in sounds]
    # "train" may be a class (the vehicle): alone it is the name of a part only where no other folder lies beside
    parted = all(place[0].lower() in _SPLITS for place in places if place)
    for sound, place in zip(sounds, places, strict=True):
        is_part = bool(place) and place[0].lower() in _SPLITS and (parted or len(place) > 1)
        yield sound, "/".join(place[1:] if is_part else place) or None


def delimiter_of(head: str) -> str:
    """What stands between the columns, by the line that names them: the first that sets off the column of paths."""
    columns = {mark: next(csv.reader([head], delimiter=mark), []) for mark in _DELIMITERS}
    return next((mark for mark, names in columns.items() if not set(names).isdisjoint(_PATH_COLUMNS)), ",")


_Row = tuple[str | None, str | None, str | None]


def _rows(table: Path, column: str, fold: str | None, group: str | None) -> Mapping[str, _Row]:
    """Label, fold and group of each path that the table names."""
    rows: dict[str, _Row] = {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=delimiter_of(head))
            header = tuple(reader.fieldnames or ())
            path = next((name for name in _PATH_COLUMNS if name in header), None)
            if path is None:
                raise DataError(
                    f"{table} has no column path: its first line must name the columns, as path,label "
                    "(with commas, semicolons or tabs between them)"
                )
            for name in (column, *filter(None, (fold, group))):
                if name not in header:
                    raise DataError(f"{table} has no column {name}: it has {', '.join(header)}")
            columns = (column, fold or "fold", group or "group")
            for number, line in enumerate(reader, 2):
                name = (line[path] or "").strip().replace("\\", "/").removeprefix("./")
                label, part, source = ((line.get(key) or "").strip() or None for key in columns)
                row = (label, part, source)
                if rows.setdefault(name, row) != row:
                    raise DataError(f"{table}, line {number}: {name} is named twice, and differently: keep one row")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(f"the table {table} can't be read ({reason}): name a CSV file in UTF-8") from error
    return MappingProxyType(rows)
