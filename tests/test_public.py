"""The names of the package."""

import tomllib
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
