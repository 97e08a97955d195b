"""The names of the package."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import auricle


def test_version_is_the_projects():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert auricle.__version__ == project["version"]


@pytest.mark.parametrize("name", auricle.__all__)
def test_every_public_name_is_there(name: str):
    value = getattr(auricle, name)
    assert callable(value) and not isinstance(value, ModuleType)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        auricle.nonsense  # noqa: B018


def test_errors_are_one_family():
    for name in auricle.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(auricle, name), auricle.AuricleError)
    assert dir(auricle) == sorted([*auricle.__all__, "__version__"])


def _documented() -> Iterator[tuple[str, object]]:
    """Public names, and the public methods and properties that their classes define."""
    for name in auricle.__all__:
        value = getattr(auricle, name)
        yield name, value
        if isinstance(value, type):
            fields = getattr(value, "__dataclass_fields__", {})  # the class's docstring describes them
            members = {part: member for part, member in vars(value).items() if part[0] != "_" and part not in fields}
            yield from ((f"{name}.{part}", member) for part, member in members.items())


@pytest.mark.parametrize(("name", "value"), [*_documented()])
def test_what_is_public_says_what_it_does(name: str, value: object):
    if not (callable(value) or isinstance(value, (property, classmethod, staticmethod))):
        return
    text = (getattr(value, "__doc__", None) or "").strip()
    assert len(text.split()) > 3, f"auricle.{name}: {text!r}"


SOURCE = Path(auricle.__file__).parent
SHARED = {
    "Clip",
    "Comparison",
    "Excerpt",
    "Excerpts",
    "Gallery",
    "LogMel",
    "Objective",
    "Outlier",
    "Sound",
    "Span",
}
"""Classes of different rooms that share a name; may only become fewer."""
ALLOWED = {
    "info": {"audio/reader.py", "codec/info.py"},  # each about its own files; the public one asks them
}
"""Where else a public name may be defined; a verb always has the name of the function that it calls."""


def _definitions() -> Iterator[tuple[str, str]]:
    """Name and module of every class, type and function that a module of the package defines."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = path.relative_to(SOURCE).as_posix()
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                yield node.name, module
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                yield node.target.id, module


def test_a_name_means_one_thing():
    homes: dict[str, set[str]] = {}
    for name, module in _definitions():
        if not module.startswith("cli/commands/") and module not in ALLOWED.get(name, ()):
            homes.setdefault(name, set()).add(module)
    classes = {name for name in homes if name[0].isupper() and not name.isupper()}
    several = {name: sorted(homes[name]) for name in classes | set(auricle.__all__) if len(homes[name]) > 1}
    assert not {name: modules for name, modules in several.items() if name not in SHARED}
    assert set(several) >= SHARED, "a name that is no longer shared leaves the list"
