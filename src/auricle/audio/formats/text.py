"""Telling a text from a sound."""

from pathlib import Path

_LOOKED_AT = 4096
_SHORTEST = 16
_CONTROLS = frozenset(range(32)) - {9, 10, 12, 13, 27}


def is_text(path: Path) -> bool:
    """Whether a file begins as a text does: a page of HTML, a list, an error of a server.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    if len(start) < _SHORTEST or not _CONTROLS.isdisjoint(start):
        return False
    try:
        start[:-3].decode()  # the last letter may be cut
    except UnicodeDecodeError:
        return False
    return True
