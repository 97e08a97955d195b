"""What a type checker says of code that uses the package."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import auricle

CODE = """
import auricle, numpy as np, torch
from auricle.model import Autoencoder, lod  # error: unknown import symbol
auricle.compres("a.wav", "a.aur")  # error: not a known attribute
auricle.compress("a.wav", "a.aur", qualty=3)  # error: No parameter named
about = auricle.info("a.aur")
about.kbps  # error: Cannot access attribute
if isinstance(about, auricle.AurInfo):
    kbps: float = about.kbps
elif isinstance(about, auricle.ModelSummary):
    size: int = about.parameters
model = auricle.load("speech")
array: np.ndarray = model.decode(model.encode(np.zeros(9, np.float32)), 9)
tensor: torch.Tensor = model.decode(model.encode(torch.zeros(9)), 9)
mixed: torch.Tensor = model.encode(np.zeros(9, np.float32))  # error: is not assignable
model.encode([0.0])  # error: cannot be assigned
"""


def test_the_package_says_that_it_is_typed():
    assert (Path(auricle.__file__).parent / "py.typed").is_file()


@pytest.mark.slow
def test_a_type_checker_finds_what_is_misspelt_and_nothing_else(tmp_path: Path):
    checker = shutil.which("pyright", path=Path(sys.executable).parent)
    if checker is None:
        pytest.skip("pyright is not installed")
    (tmp_path / "user.py").write_text(CODE)
    settings = {"include": ["user.py"], "extraPaths": [str(Path(auricle.__file__).parents[1])]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [checker, "--outputjson", "--pythonpath", sys.executable, "--project", str(tmp_path)]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    lines = CODE.splitlines()
    expected = {number for number, line in enumerate(lines) if "# error: " in line}
    errors = {error["range"]["start"]["line"]: error["message"] for error in report["generalDiagnostics"]}
    assert errors.keys() == expected, errors
    for number, message in errors.items():
        assert lines[number].rpartition("# error: ")[2] in message
