"""What wheel and sdist hold, and what they say about themselves."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path, PurePosixPath

import pytest

from auricle import __version__

pytest.importorskip("hatchling", reason="the build backend, which make test installs")

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "auricle"
MEGABYTE = 1 << 20
CODE_AND_PAGES = {".py", ".css", ".js", ".mjs", ".md", ".txt", ".typed"}
DATA = {
    "pretrained": {".safetensors"},
    "demo": {".flac"},
    "export": {".html", ".json"},
    "studio": {".html", ".json", ".svg"},
}
"""Kinds of file that are no code, by the room that has them."""
SHIPPED = {"src", "tests", "docs", "benchmarks", "recipes", "notebooks", "tools", "web", ".ci"}
"""Folders of the source distribution."""
UNWANTED = re.compile(r"\.(pyc|log|key|pem)$|(^|/)(\.venv|\.git|\.env|__pycache__)(/|$)")


def listed(builder: str) -> set[str]:
    """Files that a builder takes from the repository, as they are called in what it builds."""
    code = (
        f"from hatchling.builders.{builder} import {builder.capitalize()}Builder as B\n"
        f"print(*(file.distribution_path for file in B({str(ROOT)!r}).recurse_included_files()), sep='\\n')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines())


def tracked(folder: Path) -> Iterator[str]:
    """Files that belong to the package, without what running it leaves behind."""
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder.parent).as_posix()


def test_the_wheel_is_the_package_and_nothing_else():
    files = listed("wheel")
    assert files == set(tracked(PACKAGE))
    assert "auricle/py.typed" in files
    for name in map(PurePosixPath, files):
        allowed = CODE_AND_PAGES | DATA.get(name.parts[1], set())
        assert name.suffix in allowed, f"{name} is not what a wheel needs"


def test_the_sdist_builds_and_tests_itself():
    files = listed("sdist")
    folders = {name.partition("/")[0] for name in files if "/" in name}
    assert folders <= SHIPPED
    assert {"README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "Makefile", "constraints.txt"} <= files
    assert {f"src/{name}" for name in tracked(PACKAGE)} <= files
    assert set(tracked(ROOT / "tests")) <= files
    assert not [
        name for name in files if re.search(r"\.(pyc|log|key|pem)$|(^|/)\.(venv|git|env)(/|$)|__pycache__", name)
    ]


def test_nothing_that_is_shipped_is_large_but_models():
    for name in listed("sdist"):
        if not name.endswith((".safetensors", ".flac")):
            assert (ROOT / name).stat().st_size < MEGABYTE, name


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [project["version"]] == [__version__]
    assert re.findall(r"^license: (.+)$", citation, re.MULTILINE) == [project["license"]]


def test_every_extra_that_is_installed_somewhere_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in _pins()}
    for extra, requirements in project["optional-dependencies"].items():
        for requirement in requirements:
            name = re.split(r"[\[<>=]", requirement)[0].lower().replace("_", "-")
            assert name == "auricle" or name in pinned, f"{name} of {extra} is not in constraints.txt"


def _pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return [line for line in lines if "==" in line]


@pytest.mark.slow
def test_wheel_and_sdist_build(tmp_path: Path):
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", tmp_path], cwd=ROOT, check=True)
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("dist-info/METADATA"))
        text = message_from_bytes(archive.read(metadata))
        assert set(archive.namelist()) > set(tracked(PACKAGE))
    assert text["Version"] == __version__ and text["License-Expression"] == "Apache-2.0"
    assert wheel.name.endswith("-py3-none-any.whl")
    with tarfile.open(sdist) as archive:
        assert f"auricle-{__version__}/src/auricle/py.typed" in archive.getnames()
