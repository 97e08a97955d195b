"""Text that strangers wrote (names of files, tags, labels, messages) on its way to a terminal or a page."""

import unicodedata
from collections.abc import Iterable
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


def without_controls(text: str) -> str:
    """A text to keep: line ends stay, and all else that `printable` would escape goes."""
    if text.isprintable():
        return text
    return "".join(letter for letter in text if letter == "\n" or is_shown(letter))


def is_shown(letter: str) -> bool:
    """Whether a character shows as itself: printable, or a space of any width."""
    return letter.isprintable() or unicodedata.category(letter) == "Zs"
