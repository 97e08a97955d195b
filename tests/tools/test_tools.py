"""The scripts that make the documents: the site's pages, the picture of the rooms, the log by day."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import auricle
from auricle.cli.command_table import VERBS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))

    def load(name: str) -> ModuleType:
        return import_module(name)

    return load


def test_the_reference_has_every_verb_and_every_name(tool):
    site = tool("site_pages")
    verbs = site.verbs_page()
    assert re.findall(r"^## auricle (.*)$", verbs, re.MULTILINE) == list(VERBS)
    assert "--kbps" in verbs and "--dry-run" in verbs
    names = site.names_page()
    assert {line.rpartition(".")[2] for line in names.splitlines() if line.startswith(":::")} == set(auricle.__all__)


def test_every_page_of_the_documents_is_in_the_navigation(tool):
    listed = set(re.findall(r'= "([\w/.]+\.md)"', (ROOT / "zensical.toml").read_text("utf-8")))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    notebooks = {f"notebooks/{path.stem}.md" for path in (ROOT / "notebooks").glob("*.py")}
    assert {page for page in pages if not page.startswith("log/")} | notebooks <= listed
    assert listed <= pages | notebooks | {"index.md", "listen.md", "contributing.md", "changelog.md"} | {
        "reference/verbs.md",
        "reference/python.md",
    }


def test_links_to_what_the_site_has_not_become_names(tool):
    within = tool("site_pages").within_the_site
    assert within("see [the table](../recipes/README.md)") == "see the table (`recipes/README.md`)"
    assert within("[a](../../src/auricle/x.md), [b](files.md#top)") == "a (`src/auricle/x.md`), [b](files.md#top)"


def test_links_of_assembled_pages_lead_to_files(tool, tmp_path: Path):
    tool("site_pages").assemble(tmp_path / "docs")
    link = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
    missing = [
        f"{page.name}: {target}"
        for page in (tmp_path / "docs").rglob("*.md")
        for target in link.findall(re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL))
        if not target.startswith(("http", "mailto")) and not (page.parent / target).exists()
    ]
    assert missing == []


def test_a_notebook_becomes_words_and_code(tool, tmp_path: Path):
    path = tmp_path / "n.py"
    path.write_text(
        '# ---\n# ---\n\n# %% [markdown]\n# # Title\n#\n# Words.\n\n# %% tags=["parameters"]\nx = 1\n', "utf-8"
    )
    assert tool("site_pages").notebook_page(path).startswith("# Title\n\nWords.\n\n```python\nx = 1\n```\n")


def test_bad_links_and_what_is_fetched_elsewhere_are_found(tool, tmp_path: Path):
    (tmp_path / "a.html").write_text(
        '<h1 id="top">A</h1><a href="b.html#here">1</a><a href="b.html#gone">2</a><a href="c.html">3</a>'
        '<a href="https://example.org">4</a><script src="https://cdn.example/x.js"></script><img src="no.png">',
        "utf-8",
    )
    (tmp_path / "b.html").write_text('<p id="here"></p><a href="a.html#top">back</a>', "utf-8")
    assert list(tool("site_pages").problems(tmp_path)) == [
        "a.html fetches https://cdn.example/x.js",
        "a.html links to b.html#gone, which has no such heading",
        "a.html links to c.html, which is not there",
        "a.html links to no.png, which is not there",
    ]


def test_the_picture_has_every_room_and_no_arrow_twice(tool):
    house = tool("house")
    drawing, graph = house.drawing(), house.rooms()
    assert set(graph) == {
        path.name.removesuffix(".py")
        for path in (ROOT / "src" / "auricle").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").is_file()) and not path.name.startswith("__")
    }
    assert all(f">{room}<" in drawing for room in graph if room not in house.GROUND)
    assert house.reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}
    assert house.levels({"a": {"b"}, "b": set(), "c": set()}) == {"a": 1, "b": 0, "c": 0}


def test_entries_of_the_log_go_to_their_day(tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    split = tool("split_log")
    monkeypatch.setattr(split, "DOCS", tmp_path)
    page = tmp_path / "log.md"
    page.write_text("# Log\n\n## 2026-01-02, noon: b\n\nSee [x](x.md).\n\n## 2026-01-01: a\n\nFirst.\n", "utf-8")
    split.main()
    page.write_text(page.read_text("utf-8").replace("## [", "## 2026-01-02, evening: c\n\nNew.\n\n## [", 1), "utf-8")
    split.main()
    split.main()
    assert page.read_text("utf-8").splitlines()[4:] == [
        "## [2026-01-02](log/2026-01-02.md)",
        "",
        "- Evening: c",
        "- Noon: b",
        "",
        "## [2026-01-01](log/2026-01-01.md)",
        "",
        "- A",
    ]
    day = (tmp_path / "log" / "2026-01-02.md").read_text("utf-8")
    assert day == "# 2026-01-02\n\n## Evening: c\n\nNew.\n\n## Noon: b\n\nSee [x](../x.md).\n"
