"""Numbers and tables as people read them."""

from collections.abc import Sequence

from auricle.errors import OptionError
from auricle.printable import listed_lines, printable

_LONGEST_SECONDS = 1_000_000_000
_LISTED = 10


def format_size(count: int) -> str:
    """Bytes in decimal units: ``512 B``, ``4.1 kB``, ``3.2 MB``."""
    if count < 1000:
        return f"{count} B"
    value, units = count / 1000, iter(("kB", "MB", "GB"))
    unit = next(units)
    while value >= 999.95 and unit != "GB":
        value, unit = value / 1000, next(units)
    return f"{value:.1f} {unit}"


def format_duration(seconds: float) -> str:
    """Time to a sensible precision: ``4.2 s``, ``3 min 05 s``, ``1 h 12 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, remainder = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {remainder:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def format_timestamp(seconds: float) -> str:
    """A place in a sound: ``4.2 s``, ``1:02.5``, ``1:00:00.0``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    tenths = round(10 * seconds)
    minutes, remainder = divmod(tenths, 600)
    if minutes < 60:
        return f"{minutes}:{remainder / 10:04.1f}"
    return f"{minutes // 60}:{minutes % 60:02d}:{remainder / 10:04.1f}"


def parse_seconds(text: str) -> float:
    """A place in a sound as people write it: ``62``, ``62.5``, ``1:02``, ``1:00:02.5``.

    Raises:
        OptionError: it is none.
    """
    parts = text.split(":")
    try:
        values = [*map(int, parts[:-1]), float(parts[-1])]
    except ValueError:
        values = []
    if not 1 <= len(values) <= 3 or any(value < 0 for value in values) or any(value >= 60 for value in values[1:]):
        raise OptionError(f"a time of {text!r}: write it as 62.5, 1:02.5 or 0:01:02.5")
    total = sum(value * 60**place for place, value in enumerate(reversed(values)))
    if not total < _LONGEST_SECONDS:
        raise OptionError(f"a time of {text[:20]!r} is longer than any sound: write it as 62.5, 1:02.5 or 0:01:02.5")
    return total


def format_spans(spans: Sequence[tuple[int, int]], sample_rate: int) -> str:
    """Spans in samples, with their seconds; the first ten."""
    parts = [
        f"samples {start} to {end} ({format_timestamp(start / sample_rate)} to {format_timestamp(end / sample_rate)})"
        for start, end in spans[:10]
    ]
    return "; ".join(parts) + (f"; and {len(spans) - 10} more" if len(spans) > 10 else "")


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns: the first to the left, the others to the right."""
    lines = [tuple(head), *(tuple(map(printable, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def cells(line: Sequence[str]) -> str:
        first, *columns = (
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        return "  ".join((first, *columns)).rstrip()

    return list(map(cells, lines))


def paragraph(title: str, entries: Sequence[str]) -> tuple[str, ...]:
    """An empty line, a title and the first of its entries; nothing where there are none."""
    return ("", *listed_lines(title, entries, _LISTED)) if entries else ()
