"""Divide docs/log.md by date into files of docs/log, the newest first; docs/log.md becomes their list.

    python tools/split_log.py

An entry that is written at the top of docs/log.md moves with the next run; what is in docs/log already stays.
"""

import re
from collections import defaultdict
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_ENTRY = re.compile(r"^## (\d{4}-\d{2}-\d{2})(.*)$", re.MULTILINE)
_HEAD = """# Log

What was tried, when, what it gave, and what failed. Newest day first; new entries go to the top of their day's file.
"""


def entries(text: str) -> dict[str, list[str]]:
    """The entries of each day, in the order of the page."""
    days: dict[str, list[str]] = defaultdict(list)
    text = text.partition("\n## [")[0]  # the list of days that is there already
    matches = list(_ENTRY.finditer(text))
    ends = [*(match.start() for match in matches[1:]), len(text)][: len(matches)]
    for match, end in zip(matches, ends, strict=True):
        body = text[match.end() : end].strip()
        title = match[2].lstrip(",: ").strip() or "the day"
        days[match[1]].append(f"## {title[0].upper()}{title[1:]}\n\n{body}\n")
    return days


def moved_links(text: str) -> str:
    """Links of an entry, from one folder further down."""
    return re.sub(r"\]\((?!https?:|#)(?:\.\./)?([^)]+)\)", _moved, text)


def _moved(match: re.Match[str]) -> str:
    whole, link = match[0], match[1]
    return f"](../../{link})" if whole.startswith("](../") else f"](../{link})"


def main() -> None:
    """Move what docs/log.md holds."""
    page, folder = DOCS / "log.md", DOCS / "log"
    folder.mkdir(exist_ok=True)
    for day, parts in entries(page.read_text("utf-8")).items():
        path = folder / f"{day}.md"
        before = path.read_text("utf-8").partition("\n")[2].lstrip() if path.is_file() else ""
        text = "\n".join([f"# {day}\n", *map(moved_links, parts), before]).rstrip()
        path.write_text(f"{text}\n", "utf-8")
    lines = []
    for path in sorted(folder.glob("*.md"), reverse=True):
        titles = re.findall(r"^## (.*)$", path.read_text("utf-8"), re.MULTILINE)
        lines += [f"\n## [{path.stem}](log/{path.name})\n", *(f"- {title}" for title in titles)]
    page.write_text("\n".join([_HEAD.rstrip(), *lines, ""]), "utf-8")


if __name__ == "__main__":
    main()
