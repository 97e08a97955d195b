"""Whether labelled sounds can be learned from, and what is to be said about them."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from auricle.data.event_formats import names_events
from auricle.data.labels import Labels, check_class_names, labelled
from auricle.errors import DataError, OptionError
from auricle.options.classification import ClassifierOptions
from auricle.printable import counted, rejected_lines

_MAX_LISTED = 5
DOCTOR = "auricle doctor --json"
"""What names all files that can't be used, where a verb names the first."""


def load_labels(sounds: Path | str, options: ClassifierOptions, *, fold: str | None = None) -> Labels:
    """Labels of a folder; without a table, ``options.groups`` is a regular expression that finds the group in a path.

    The group is what the expression's first pair of parentheses holds, or all it matches: ``_([a-z]+)_`` finds
    ``jackson`` in ``7/7_jackson_32.wav``.

    Raises:
        DataError: as `labelled`; or the expression finds nothing in a path.
        OptionError: the expression is none, or there are several tables.
    """
    groups, tables = options.groups, options.label_files
    if len(tables) > 1:
        raise OptionError(f"{len(tables)} tables of labels: whole sounds have theirs in one")
    if tables and names_events(tables[0]):
        raise DataError(f"{tables[0]} states events in long recordings, or has no column path: see classify fit --help")
    if tables or groups is None:
        return labelled(sounds, *tables, column=options.column, fold=fold, group=groups)
    labels = labelled(sounds)
    column = "name the table that has such a column with --labels-table"
    names = groups_in_paths([item.sound.name for item in labels.sounds], groups, column)
    grouped = tuple(replace(item, group=name) for item, name in zip(labels.sounds, names, strict=True))
    return replace(labels, sounds=grouped)


def groups_in_paths(paths: Sequence[str], expression: str, column: str) -> tuple[str, ...]:
    """The group of each file: what a regular expression's first pair of parentheses holds in its path, or all it
    matches.

    Args:
        paths: of the files.
        expression: to look for.
        column: what to do instead where it was meant as the name of a table's column.

    Raises:
        DataError: it finds nothing in a path, or an empty name.
        OptionError: it is no regular expression.
    """
    try:
        pattern = re.compile(expression)
    except re.error as error:
        raise OptionError(
            f"the groups {expression!r} are no regular expression ({error}): see docs/classification.md"
        ) from error
    groups: list[str] = []
    for path in paths:
        match = pattern.search(path)
        if match is None or not (group := match.group(1 if pattern.groups else 0)):
            raise DataError(
                f"the groups {expression!r} find nothing in {path}: write a regular expression that fits every path, "
                f"or {column}"
            )
        groups.append(group)
    return tuple(groups)


def check_classes(labels: Labels, on_note: Callable[[str], None]) -> None:
    """Refuse what nothing can be learned from, tell what is thin.

    Raises:
        DataError: no sound has a label, or all are of one class; or a class has a name that no file can hold.
    """
    counts = Counter(str(item.label) for item in labels.labelled)
    if not counts:
        raise DataError("no sound has a label: put each class in a folder of its own, or give a table")
    if len(counts) == 1:
        raise DataError(
            f"all {counts.total()} sounds are of class {next(iter(counts))}: two classes or more are needed"
        )
    check_class_names(counts)
    for line in rejected_lines(labels.rejected, most=1):
        on_note(line)
    if labels.unmatched:
        on_note(f"{counted(labels.unmatched, 'row')} of the table: no usable sound of this name")
    unknown = len(labels.sounds) - len(labels.labelled)
    if unknown:
        on_note(f"{counted(unknown, 'sound')} without a label: left out")
    single = [name for name, count in sorted(counts.items()) if count == 1]
    if single:
        on_note(
            f"{counted(len(single), 'class')} with a single file ({_some(single)}): whether it is recognised can't be "
            "measured"
        )
    _note_single_groups(labels, on_note)


def _note_single_groups(labels: Labels, on_note: Callable[[str], None]) -> None:
    """Tell classes whose files are all of one group: they are learned from or judged, never both."""
    groups_by_class: dict[str, list[str | None]] = {}
    for item in labels.labelled:
        groups_by_class.setdefault(str(item.label), []).append(item.group)
    single = [
        name
        for name, groups in sorted(groups_by_class.items())
        if len(groups) > 1 and None not in groups and len(set(groups)) == 1
    ]
    if single:
        on_note(
            f"{counted(len(single), 'class')} of a single group ({_some(single)}): whether they are recognised can't "
            "be measured; groups are speakers or recordings that have sounds of several classes"
        )


def note_one_group(groups: Sequence[str], expression: str, on_note: Callable[[str], None]) -> None:
    """Tell where an expression finds one group in several paths, as a column's name does that is part of each."""
    if len(groups) > 1 and len(set(groups)) == 1:
        on_note(
            f"the groups {expression!r} find {groups[0]!r} in each of {len(groups)} paths: sounds are compared as "
            "without --groups"
        )


def note_uniform_groups(labels: Labels, on_note: Callable[[str], None]) -> None:
    """Tell where features are to be relative to groups of which most hold sounds of one class."""
    classes_by_group: dict[str, list[str]] = {}
    for item in labels.labelled:
        if item.group is not None:
            classes_by_group.setdefault(item.group, []).append(str(item.label))
    several = {group: classes for group, classes in classes_by_group.items() if len(classes) > 1}
    uniform = sum(len(set(classes)) == 1 for classes in several.values())
    if 2 * uniform > len(several):
        on_note(
            f"{uniform} of {counted(len(several), 'group')} hold sounds of one class only: relative to their group "
            "they say little of it; leave --normalise-groups out, or name other groups"
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MAX_LISTED]) + (", ..." if len(names) > _MAX_LISTED else "")


def note_silent(names: Sequence[str], on_note: Callable[[str], None]) -> None:
    """Say which sounds are silent, if any are."""
    if names:
        on_note(f"{counted(len(names), 'sound')} silent, the first {names[0]}: nothing can be recognised in silence")
