"""CREDITS.md as HTML: headings, paragraphs, one kind of table, links and nothing else."""

import re
from html import escape

_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")


def credits_html(markdown: str) -> str:
    """The text without its title."""
    blocks = [block.strip() for block in markdown.split("\n\n") if block.strip()]
    return "\n".join(_block(block) for block in blocks if not block.startswith("# "))


def _block(block: str) -> str:
    lines = block.splitlines()
    if not block.startswith("|"):
        return f"<p>{_inline(' '.join(lines))}</p>"
    head, _, *body = (_cells(line) for line in lines)
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="Credits"><table><thead><tr>'
        + "".join(f'<th scope="col">{cell}</th>' for cell in head)
        + "</tr></thead><tbody>"
        + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body)
        + "</tbody></table></div>"
    )


def _cells(line: str) -> list[str]:
    return [_inline(cell.strip()) for cell in line.strip().strip("|").split("|")]


def _inline(text: str) -> str:
    return _LINK.sub(r'<a href="\2">\1</a>', escape(text))
