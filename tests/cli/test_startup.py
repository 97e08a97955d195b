"""What a verb for one file loads: nothing that only training, plots or torch's compiler need."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import auricle
from auricle.model import load

HEAVY = "torch._dynamo torch._inductor sympy scipy sklearn matplotlib accelerate tensorboard pandas av"
RUN_VERBS = """
import sys
from auricle.cli import main
for line in sys.argv[2:]:
    assert main(line.split()) == 0, line
print("loaded:", [name for name in sys.argv[1].split() if name in sys.modules])
"""


def loaded_by(*lines: str, folder: Path) -> str:
    command = [sys.executable, "-c", RUN_VERBS, HEAVY, *lines]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout.splitlines()[-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("tone", "a/1", "a/2", "b/1", "b/2"):
        path = tmp_path / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        pitch = 900 if name.startswith("b") else 220
        tone = 0.3 * np.sin(2 * np.pi * pitch * np.arange(12_000) / 16_000) + 0.02 * rng.standard_normal(12_000)
        auricle.write(path, tone.astype(np.float32)[None], 16_000)
    return tmp_path


def test_verbs_for_one_file_load_neither_compiler_nor_plots(folder: Path):
    lines = (
        "compress tone.wav tone.aur",
        "decompress tone.aur back.wav",
        "verify tone.aur",
        "info tone.aur",
        "info speech",
    )
    assert loaded_by(*lines, folder=folder) == "loaded: []"


def test_generating_loads_ffmpeg_alone_for_the_loudness(folder: Path):
    assert loaded_by("generate --prior drums --out generated", folder=folder) == "loaded: ['av']"


def test_predicting_loads_neither_compiler_nor_plots(folder: Path):
    (folder / "labelled").mkdir()
    for label in "ab":
        (folder / label).rename(folder / "labelled" / label)
    out = "--model speech --no-cache --out c.safetensors"
    fitting = [sys.executable, "-m", "auricle", "classify", "fit", "labelled", *out.split()]
    subprocess.run(fitting, check=True, capture_output=True, cwd=folder)
    assert loaded_by("classify predict tone.wav --no-cache --classifier c.safetensors", folder=folder) == "loaded: []"


def test_loading_draws_no_weights_that_the_file_replaces():
    before = torch.get_rng_state()
    load("speech")
    assert torch.equal(torch.get_rng_state(), before)
