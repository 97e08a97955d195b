"""A decoder overshoots: what the file's format clips is counted and said."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import auricle
from auricle.cli.dispatch import main
from auricle.options.coding import DecompressOptions

TABLA = Path(auricle.__file__).parent / "demo/sounds/tabla.flac"


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drum as the model for voices codes it, several dB beyond full scale."""
    path = tmp_path_factory.mktemp("overshoot") / "tabla.aur"
    auricle.compress(TABLA, path, model="speech", quality=3)
    return path


def test_what_is_clipped_is_counted(coded: Path, tmp_path: Path) -> None:
    whole = auricle.decompress(coded, tmp_path / "whole.wav", options=DecompressOptions(bits="float"))
    kept, _ = soundfile.read(tmp_path / "whole.wav", dtype="float32")
    assert (whole.clipped, whole.peak) == (0, pytest.approx(np.abs(kept).max()))
    assert whole.peak > 1.1
    clipped = auricle.decompress(coded, tmp_path / "clipped.wav", options=DecompressOptions(bits="16"))
    assert clipped.peak == whole.peak
    assert clipped.clipped == (np.abs(kept) > 1).sum()


def test_one_line_says_so(coded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decompress", str(coded), str(tmp_path / "a.wav"), "--bits", "16", "--json"]) == 0
    said = capsys.readouterr()
    count = json.loads(said.out)["clipped"]
    assert f"{count} samples beyond full scale clipped, the highest " in said.err
    assert main(["decompress", str(coded), str(tmp_path / "b.wav"), "--bits", "float"]) == 0
    assert "clipped" not in capsys.readouterr().err
    (tmp_path / "many").mkdir()
    for name in ("a.aur", "b.aur"):
        (tmp_path / "many" / name).write_bytes(coded.read_bytes())
    assert main(["decompress", str(tmp_path / "many"), str(tmp_path / "out"), "--bits", "16"]) == 0
    assert f"{2 * count} samples in 2 files beyond full scale clipped" in capsys.readouterr().err
