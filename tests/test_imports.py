"""Who may import whom, and what nobody may import."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "auricle"
FILES = sorted(SOURCE.rglob("*.py"))

GROUND = {
    "errors",
    "held_signals",
    "lock",
    "atomic",
    "open_files",
    "progress",
    "extras",
    "options",
    "printable",
    "urls",
    "hub",
}
SOUND = GROUND | {"audio", "dsp"}
MODEL = SOUND | {"stream", "model"}
WORK = MODEL | {"data", "metrics"}
JOBS = {"codec", "synth", "classify"}
LEARN = {"losses", "discriminators", "training"}
TOP = (
    WORK
    | JOBS
    | {"archive", "bench", "export", "live"}
    | {"discriminators", "losses", "training", "verdict", "watch", "html"}
)
MAY_IMPORT = {
    "errors": set(),
    "held_signals": set(),
    "lock": {"errors"},
    "atomic": {"errors", "lock"},
    "open_files": {"atomic", "errors"},
    "printable": set(),
    "urls": {"errors"},
    "progress": set(),
    "extras": {"errors"},
    "options": {"errors"},
    "verdict": set(),
    "html": {"errors", "extras", "printable"},
    "hub": {"errors", "extras", "options", "printable"},
    "audio": GROUND,
    "dsp": GROUND,
    "data": SOUND | {"verdict"},
    "metrics": SOUND,
    "stream": SOUND,
    "model": SOUND | {"stream"},
    "losses": MODEL,
    "discriminators": MODEL,
    "training": WORK | {"losses", "discriminators"},
    "watch": WORK | {"training", "verdict", "html"},
    "codec": WORK,
    "synth": WORK | LEARN | {"html"},
    "classify": WORK | LEARN | {"html"},
    "bench": WORK | JOBS | {"losses", "training", "html"},
    "archive": WORK | JOBS | {"html"},
    "export": MODEL | {"data", "codec", "synth", "html"},
    "live": MODEL | {"data", "codec", "synth", "export"},
    "api": TOP,
    "demo": TOP | {"api"},
    "studio": GROUND | {"bench", "html", "public"},
    "cli": TOP | {"api", "demo", "public"},
    "__init__": TOP | {"api", "studio"},
    "__main__": {"cli"},
}
"""Rooms of the package and those that each may enter besides itself. "public" is ``from auricle import name``."""

UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {("torch", "load"), ("torch", "save"), ("np", "load"), ("np", "save"), ("numpy", "load")}


def room(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of modules, with the name taken from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def target(name: str) -> str | None:
    """The room that an import enters; None for other packages."""
    package, *rest = name.split(".")
    if package != "auricle":
        return None
    return rest[0] if rest and rest[0] in MAY_IMPORT else "public"


def tree_of(path: Path) -> ast.AST:
    return ast.parse(path.read_text("utf-8"))


def in_fresh_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_every_room_has_a_rule():
    assert {room(path) for path in FILES} <= MAY_IMPORT.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_go_down(path: Path):
    here = room(path)
    entered = {target(name) for name in imported(tree_of(path))} - {None, here}
    if here not in ("cli", "studio"):  # both stand on the public API, and so does nobody below them
        assert "public" not in entered, "import from the room that defines the name"
    assert entered <= MAY_IMPORT[here], f"{here} may not import {sorted(entered - MAY_IMPORT[here])}"


def test_the_rules_have_no_cycle():
    order: list[str] = []
    while left := MAY_IMPORT.keys() - set(order):
        ready = sorted(name for name in left if MAY_IMPORT[name] - {"public"} <= set(order))
        assert ready, f"a cycle among {sorted(left)}"
        order += ready


def dotted(path: Path) -> str:
    return ".".join(("auricle", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def test_no_module_imports_itself_by_way_of_others():
    modules = {dotted(path): path for path in FILES}
    needs: dict[str, set[str]] = {}
    for module, path in modules.items():
        names = imported(tree_of(path))
        found = {name if name in modules else name.rpartition(".")[0] for name in names}
        needs[module] = (found & modules.keys()) - {module, "auricle"}
    TopologicalSorter(needs).prepare()  # raises a CycleError that names them


def test_rooms_are_small():
    counted = Counter(path.parent for path in FILES if path.name != "__init__.py")
    del counted[SOURCE / "cli" / "commands"]  # one file per verb
    assert max(counted.values()) <= 15


def test_the_three_jobs_do_not_know_each_other():
    assert not any(MAY_IMPORT[job] & JOBS for job in JOBS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_nothing_loads_code_from_data(path: Path):
    tree = tree_of(path)
    assert not {name.split(".")[0] for name in imported(tree)} & UNSAFE_MODULES
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in UNSAFE_CALLS, f"line {node.lineno}"


def test_files_are_short():
    folders = ("src", "tests", "benchmarks", "recipes")
    long = {
        path.relative_to(ROOT).as_posix(): count
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) >= 400
    }
    assert not long


def test_the_package_itself_loads_nothing_heavy():
    heavy = "torch numpy cyclopts rich pydantic soundfile matplotlib"
    code = f"import sys, auricle, auricle.cli; print([name for name in {heavy.split()} if name in sys.modules])"
    assert in_fresh_python(code) == "[]"


def test_help_loads_no_command_line_library():
    code = "import sys; from auricle.cli import main; code = main(['--help']); print(code, 'cyclopts' in sys.modules)"
    assert in_fresh_python(code).splitlines()[-1] == "0 False"


def test_naming_the_default_model_needs_no_torch():
    code = (
        "import sys; from auricle.model import default_model as d; print(d(24_000), d(24_001), 'torch' in sys.modules)"
    )
    assert in_fresh_python(code) == "speech music False"


def test_describing_a_file_needs_no_torch():
    code = "import sys, auricle; auricle.info; auricle.compress; auricle.read; print('torch' in sys.modules)"
    assert in_fresh_python(code) == "False"
