"""Put the pages of the site together, and check them.

    python tools/site_pages.py assemble build/docs   # what `zensical build` reads: docs/, reference, notebooks, sounds
    python tools/site_pages.py check build/site      # links lead somewhere, and nothing is fetched from elsewhere

`make docs` does both, with the building between them. The reference is made of what the command line and the docstrings
say themselves.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import house
from site_sounds import write_sounds

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SOUNDS = ROOT / "src" / "auricle" / "demo" / "sounds"
REPOSITORY_FILES = re.compile(r"\]\(((?:\.\./)+(?!docs/)[^)#]+)([^)]*)\)")
_FETCHED = {"script": "src", "img": "src", "audio": "src", "source": "src", "iframe": "src", "link": "href"}
_LOADED_LINKS = {"stylesheet", "preload", "modulepreload", "icon"}
HOW_PUBLIC_NAMES_ARE_SHOWN = "    options:\n      heading_level: 3\n      show_root_heading: true\n"


def assemble(target: Path) -> None:
    """Write all pages below a folder that is made anew."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(DOCS, target)
    for page in target.rglob("*.md"):
        page.write_text(within_the_site(page.read_text("utf-8")), "utf-8")
    readme = (ROOT / "README.md").read_text("utf-8").replace("](docs/", "](")
    (target / "index.md").write_text(within_the_site(_root_links(readme)), "utf-8")
    for name in ("CONTRIBUTING", "CHANGELOG"):
        text = (ROOT / f"{name}.md").read_text("utf-8").replace("](docs/", "](")
        (target / f"{name.lower()}.md").write_text(within_the_site(_root_links(text)), "utf-8")
    (target / "listen.md").write_text(write_sounds(target / "sounds"), "utf-8")
    (target / "house.svg").write_text(house.drawing(), "utf-8")
    (target / "reference").mkdir()
    (target / "reference" / "verbs.md").write_text(verbs_page(), "utf-8")
    (target / "reference" / "python.md").write_text(names_page(), "utf-8")
    (target / "notebooks").mkdir()
    for notebook in sorted((ROOT / "notebooks").glob("*.py")):
        (target / "notebooks" / f"{notebook.stem}.md").write_text(notebook_page(notebook), "utf-8")


def _root_links(text: str) -> str:
    """Links of a page of the repository's root, which the site has beside the others."""
    return text.replace("](CONTRIBUTING.md)", "](contributing.md)").replace("](CHANGELOG.md)", "](changelog.md)")


def within_the_site(text: str) -> str:
    """Links to files that the site has not become their names: it is read without the repository."""
    text = REPOSITORY_FILES.sub(lambda match: f"]: `{match[1].lstrip('./')}`", text)
    text = re.sub(r"\]\(((?:src|benchmarks|recipes|notebooks|tests|LICENSE|CITATION)[^)]*)\)", r"]: `\1`", text)
    return re.sub(r"\[([^\]]+)\]: `([^`]+)`", r"\1 (`\2`)", text)


def verbs_page() -> str:
    """Every verb with its options, as ``auricle VERB --help`` tells them."""
    from auricle.cli.command_table import VERBS

    parts = ["# Verbs and options\n", "What `auricle VERB --help` says, of every verb.\n"]
    parts += [f"## auricle {verb}\n\n```text\n{help_text(verb)}\n```\n" for verb in VERBS]
    return "\n".join(parts)


def help_text(verb: str) -> str:
    """What ``--help`` prints, a hundred columns wide."""
    from io import StringIO

    from rich.console import Console

    from auricle.cli.dispatch import app

    out = StringIO()
    app().help_print(verb.split(), console=Console(file=out, width=100, force_terminal=False, color_system=None))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def names_page() -> str:
    """Every public name, from its docstring."""
    import auricle

    kinds: dict[str, list[str]] = {"Functions": [], "Classes": [], "Options and results": [], "Errors": []}
    for name in auricle.__all__:
        value = getattr(auricle, name)
        if not isinstance(value, type):
            kind = "Functions"
        elif issubclass(value, Exception):
            kind = "Errors"
        else:
            kind = "Options and results" if "__dataclass_fields__" in vars(value) else "Classes"
        kinds[kind].append(f"::: {value.__module__}.{value.__qualname__}\n{HOW_PUBLIC_NAMES_ARE_SHOWN}")
    parts = ["# Python", "Everything that `import auricle` offers, under the module that defines it."]
    parts += [f"## {kind}\n\n" + "\n".join(names) for kind, names in kinds.items()]
    return "\n\n".join(parts) + "\n"


def notebook_page(path: Path) -> str:
    """A notebook in the percent format as a page: its words as words, its code as code."""
    cells = re.split(r"^# %%", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
    parts = []
    for cell in cells:
        head, _, body = cell.partition("\n")
        if "[markdown]" in head:
            parts.append(re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE))
        elif body.strip():
            parts.append(f"```python\n{body.strip()}\n```")
    return "\n\n".join(parts) + f"\n\nThis page is the notebook `notebooks/{path.name}`.\n"


class _Page(HTMLParser):
    """Links, anchors and what a page fetches."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        is_loaded = tag != "link" or bool(_LOADED_LINKS & set(values.get("rel", "").split()))
        if is_loaded and _FETCHED.get(tag) in values:
            self.fetched.append(values[_FETCHED[tag]])


def problems(site: Path) -> Iterator[str]:
    """Links that lead nowhere, and what would be fetched from another place."""
    pages = {path: _parse(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(site)
        yield from (f"{name} fetches {url}" for url in page.fetched if urlsplit(url).netloc)
        for url in (*page.links, *page.fetched):
            parts = urlsplit(url)
            if parts.scheme or parts.netloc or not (parts.path or parts.fragment):
                continue
            place = path if not parts.path else _target(site, path, unquote(parts.path))
            if not place.is_file():
                yield f"{name} links to {url}, which is not there"
            elif parts.fragment and place in pages and unquote(parts.fragment) not in pages[place].anchors:
                yield f"{name} links to {url}, which has no such heading"


def _parse(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page


def _target(site: Path, page: Path, link: str) -> Path:
    place = site / link.lstrip("/") if link.startswith("/") else page.parent / link
    return (place / "index.html").resolve() if link.endswith("/") or place.is_dir() else place.resolve()


def main() -> None:
    """Read the command line."""
    action, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    if action == "assemble":
        assemble(folder)
        return
    wrong = list(problems(folder))
    print(*wrong[:50], sep="\n")
    pages = len(list(folder.rglob("*.html")))
    print(f"{pages} pages, {len(wrong)} problems")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
