"""Numbers and tables as people read them."""

from collections.abc import Sequence


def size(count: int) -> str:
    """Bytes in decimal units: ``512 B``, ``4.1 kB``, ``3.2 MB``."""
    if count < 1000:
        return f"{count} B"
    value, units = count / 1000, iter(("kB", "MB", "GB"))
    unit = next(units)
    while value >= 999.95 and unit != "GB":
        value, unit = value / 1000, next(units)
    return f"{value:.1f} {unit}"


def duration(seconds: float) -> str:
    """Time to a sensible precision: ``4.2 s``, ``3 min 05 s``, ``1 h 12 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first to the left, the others to the right."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def cells(line: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        return "  ".join((first, *rest)).rstrip()

    return "\n".join(map(cells, lines))
