"""What the documents tell people to type exists."""

import ast
import re
import shlex
from pathlib import Path

import pytest

import auricle
from auricle.cli.command_table import VERBS
from auricle.cli.dispatch import app, protect_pipes
from auricle.training import PRESETS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    *sorted(
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "docs").rglob("*.md")
        if not path.relative_to(ROOT / "docs").as_posix().startswith("log")  # which speaks of what was
    ),
)


def commands() -> list[str]:
    lines = [line for name in DOCUMENTS for line in (ROOT / name).read_text("utf-8").splitlines()]
    return [line.strip() for line in lines if re.match(r" {4}(\.venv/bin/)?auricle ", line)]


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command: str):
    alone = command.removeprefix(".venv/bin/").partition(" | ")[0]
    tokens = protect_pipes(shlex.split(alone, comments=True)[1:])
    function, bound, _ = app().parse_args(tokens, exit_on_error=False, print_error=False)
    verb = next(name for name in VERBS if tokens[: name.count(" ") + 1] == name.split())
    assert function.__name__ == verb.replace("-", "_").replace(" ", "_") and len(bound.args) <= 2


@pytest.mark.parametrize("target", re.findall(r"^    make ([a-z-]+)", README, re.MULTILINE))
def test_targets_of_make_exist(target: str):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_every_preset_is_in_the_readme():
    presets = README.partition("| preset |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", presets, re.MULTILINE) == list(PRESETS)


def blocks() -> list[str]:
    texts = [(ROOT / name).read_text("utf-8") for name in DOCUMENTS]
    return [block for text in texts for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


@pytest.mark.parametrize("block", blocks())
def test_names_in_python_examples_are_public(block: str):
    used = {
        node.attr
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "auricle"
    }
    assert used <= set(auricle.__all__)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str):
    for link, heading in re.findall(r"\]\(([^)#]+)(?:#([^)]*))?\)", (ROOT / name).read_text("utf-8")):
        place = (ROOT / name).parent / link
        assert link.startswith("http") or place.exists(), link
        if heading and place.suffix == ".md":
            titles = re.findall(r"^#+ (.*)$", place.read_text("utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, heading
