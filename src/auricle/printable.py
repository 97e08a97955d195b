"""Text that strangers wrote (names of files, tags, labels, messages) on its way to a terminal or a page."""

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path


def printable(text: str, most: int | None = None) -> str:
    """One line that shows a text and obeys nothing in it.

    What a terminal or a browser would act on, or not show, is written as Python writes it: ESC is ``\\x1b``, a line end
    ``\\n``, a mark that turns the direction of writing ``\\u202e``, a byte of a name that is no UTF-8 ``\\udcff``. That
    is every control, format, private, unassigned and separating character and every surrogate; spaces of all widths
    stay. Printable text comes back as it is, so that escaping twice does no harm.

    Args:
        text: any text.
        most: characters to return at most; all by default.
    """
    text = text[:most]
    if text.isprintable():
        return text
    letters = (letter if is_shown(letter) else letter.encode("unicode_escape").decode("ascii") for letter in text)
    return "".join(letters)[:most]


def counted(number: int, noun: str) -> str:
    """Such as ``1 file``, ``2 files``, ``2 classes``."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def file_reasons(files: Iterable[tuple[Path | str, str]]) -> list[dict[str, str]]:
    """Files and what is wrong with each, as JSON has them: those that a verb left out are its list ``rejected``."""
    return [{"path": str(path), "reason": reason} for path, reason in files]


def rejected_lines(
    files: Sequence[tuple[Path | str, str]], noun: str = "file", *, most: int = 5, lister: str = "--json"
) -> tuple[str, ...]:
    """The note about files that were left out: ``1 file was left out: why``, or a line for each of the first few.

    Args:
        files: each and what is wrong with it; none for no note.
        noun: what they are.
        most: files to name; where it is 1 the note is one line.
        lister: what names the others too.
    """
    reasons = [named_reason(path, reason) for path, reason in files]
    text = f"{counted(len(reasons), noun)} {'was' if len(reasons) == 1 else 'were'} left out"
    if len(reasons) <= 1:
        return tuple(f"{text}: {reason}" for reason in reasons)
    if most == 1:
        return (f"{text}; the first: {reasons[0]}",)
    return listed_lines(text, reasons, most, lister)


def listed_lines(title: str, entries: Sequence[str], most: int, lister: str = "--json") -> tuple[str, ...]:
    """A title and the first of its entries, a line each; nothing where there are none. ``lister`` names the others."""
    more = len(entries) - most
    rest = [f"  and {more} more: {lister} lists all"] if more > 0 else []
    return (f"{title}:", *(f"  {entry}" for entry in entries[:most]), *rest) if entries else ()


def named_reason(path: Path | str, reason: str) -> str:
    """What is wrong with a file, with its name before it where that is not said."""
    return reason if str(path) in reason else f"{path}: {reason}"


def none_usable(
    reasons: Sequence[str], noun: str = "sound", *, can: str = "be decoded", of_folder: bool = False
) -> str:
    """Such as ``none of 3 sounds can be decoded; the first problem: why``, and ``the only sound can't be decoded``.

    Args:
        reasons: what is wrong with each.
        noun: what they are.
        can: what none of them can.
        of_folder: whether a folder stands before this, whose they are.
    """
    if len(reasons) == 1:
        text = f"{'its' if of_folder else 'the'} only {noun} can't {can}"
    else:
        text = f"none of {'its ' if of_folder else ''}{counted(len(reasons), noun)} can {can}"
    return f"{text}; the first problem: {reasons[0]}" if reasons else text


def without_controls(text: str) -> str:
    """A text to keep: line ends stay, and all else that `printable` would escape goes."""
    if text.isprintable():
        return text
    return "".join(letter for letter in text if letter == "\n" or is_shown(letter))


def is_shown(letter: str) -> bool:
    """Whether a character shows as itself: printable, or a space of any width."""
    return letter.isprintable() or unicodedata.category(letter) == "Zs"
