"""Parts of one's own, from outside the package: the code of docs/extending.md as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from auricle.audio.writer import write
from auricle.errors import ConfigError
from auricle.losses import LossConfig

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text("utf-8")
PARTS, USE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ENTRY_POINTS = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module, sounds to learn from, and what the page's code has left behind."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "gentle.py").write_text(PARTS)
    (folder / "use.py").write_text(USE)
    (folder / "sounds").mkdir()
    time = np.arange(32000) / 16000
    for number in range(4):
        tone = 0.2 * np.sin(2 * np.pi * 150 * (number + 1) * time) * (1 + np.sin(2 * np.pi * 3 * time))
        write(folder / "sounds" / f"{number}.wav", tone[None].astype(np.float32), 16000)
    run(folder, "use.py")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    outcome = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert outcome.returncode in (0, 2), outcome.stderr
    return outcome


def test_a_bottleneck_a_loss_and_a_preset_train_save_load_and_compress(folder: Path):
    made = {path.name for path in folder.iterdir() if path.suffix in (".aur", ".safetensors", ".wav")}
    assert made == {"mine.auricle.safetensors", "altered.auricle.safetensors", "talk.aur", "talk.wav"}


def test_without_its_module_a_file_is_refused_in_one_line(folder: Path):
    outcome = run(folder, "-m", "auricle", "info", "mine.auricle.safetensors")
    assert outcome.returncode == 2
    assert "kind 'steps' is not one of entropy, fsq" in outcome.stderr and "import the module" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_command_without_the_package_says_how_own_parts_are_registered(folder: Path):
    words = "-m", "auricle", "train", "sounds", "--preset", "gentle", "--out", "other.auricle.safetensors"
    outcome = run(folder, *words)
    assert outcome.returncode == 2
    assert "no preset 'gentle'" in outcome.stderr and "entry points of the group 'auricle'" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_kind_that_is_taken_is_refused_with_both_classes():
    with pytest.raises(ConfigError, match=r"kind 'l1', auricle\.\S+\.L1Config and test_extending\.\S+\.Mine"):

        class Mine(LossConfig, kind="l1"):
            """A name that Auricle has."""


def test_an_installed_package_registers_by_an_entry_point(folder: Path):
    assert ENTRY_POINTS is not None
    installed = folder / "gentle-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: gentle\nVersion: 1.0\n")
    text = ENTRY_POINTS[1].replace("[project.entry-points.auricle]", "[auricle]").replace('"', "")
    (installed / "entry_points.txt").write_text(text)
    outcome = run(folder, "-m", "auricle", "info", "mine.auricle.safetensors", "--json")
    assert outcome.returncode == 0 and '"steps"' in outcome.stdout
    outcome = run(folder, "-m", "auricle", "train", "sounds", "--preset", "harsh", "--out", "harsh.auricle.safetensors")
    assert outcome.returncode == 2 and "conv-lstm, gentle" in outcome.stderr
    (folder / "gentle.py").write_text("raise RuntimeError('out of order')")
    outcome = run(folder, "-m", "auricle", "info", "mine.auricle.safetensors")
    assert outcome.returncode == 2 and "extension gentle (gentle) can't be loaded, out of order" in outcome.stderr
