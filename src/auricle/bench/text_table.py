"""Tables as text."""

from collections.abc import Sequence

from auricle.printable import printable


def plain(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned by spaces: text to the left, everything that starts like a number to the right."""
    rows = [[printable(cell) for cell in row] for row in rows]
    columns = list(zip(heads, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(cell[:1] in "-+.0123456789" for cell in column[1:]) for column in columns]
    lines = (
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in (heads, ["-" * width for width in widths], *rows)
    )
    return "\n".join(lines)


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = (heads, ["---"] * len(heads), *rows)
    return "\n".join(f"| {' | '.join(map(printable, line))} |" for line in lines)
