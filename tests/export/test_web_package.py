"""The distribution with the runtime of pages: built from the npm package in a fresh environment, found by export."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auricle.model import save
from export.running import random_model
from model.tiny import tiny_config

ROOT = Path(__file__).parents[2]
PROGRAMS = Path("src/auricle/export/browser_folder")

pytestmark = pytest.mark.slow
pytest.importorskip("onnx", reason="the extra export is not installed")


def test_a_fresh_environment_has_all_that_a_page_needs(tmp_path: Path):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    sources, environment = tmp_path / "sources", tmp_path / "environment"
    shutil.copytree(ROOT / "web", sources / "web", ignore=shutil.ignore_patterns("runtime", "__pycache__"))
    shutil.copytree(ROOT / PROGRAMS, sources / PROGRAMS)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", sources / "web"], check=True)
    where = "import auricle_web; print(auricle_web.RUNTIME.parents[1])"
    packages = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    assert Path(packages).is_relative_to(environment)
    save(random_model(tiny_config()), tmp_path / "m.auricle.safetensors")
    words = ["export", str(tmp_path / "m.auricle.safetensors"), "--to", "browser", "--out", str(tmp_path / "page")]
    path = os.pathsep.join((packages, os.environ.get("PYTHONPATH", "")))
    subprocess.run([sys.executable, "-m", "auricle", *words], check=True, env={**os.environ, "PYTHONPATH": path})
    runtime = Path(packages) / "auricle_web/runtime"
    names = {file.name for file in runtime.iterdir()}
    assert names <= {file.name for file in (tmp_path / "page").iterdir()} and len(names) == 4
