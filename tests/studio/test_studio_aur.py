"""An .aur file that was sent to the studio: what of it is read into memory, and what is decoded."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import auricle
from auricle.errors import FormatError
from auricle.progress import ignore_progress
from auricle.studio.server.workspace import Item, Workspace
from auricle.studio.tasks import compressing
from auricle.studio.tasks.compressing import open_aur


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "studio")
    workspace.prepare()
    return workspace


def sent(workspace: Workspace, data: bytes) -> Item:
    item = workspace.new_item(kind="aur", name="a.aur", source="source.aur")
    item.file("source.aur").write_bytes(data)
    return item


def coded(tmp_path: Path, model_file: Path) -> bytes:
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 8000)).astype(np.float32)
    auricle.compress((noise, 16000), tmp_path / "a.aur", model=model_file)
    return (tmp_path / "a.aur").read_bytes()


def test_damaged_and_other_files_are_not_read_into_memory(
    workspace: Workspace, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged, other = sent(workspace, coded(tmp_path, model_file)[:-3]), sent(workspace, b"RIFF" * 9)

    def no_whole_file(path: Path) -> bytes:
        raise AssertionError(f"{path.name} is read whole")

    monkeypatch.setattr(Path, "read_bytes", no_whole_file)
    assert open_aur(workspace, {"id": damaged.id}, ignore_progress)["damage"]
    with pytest.raises(FormatError, match=r"a\.aur is no \.aur file"):
        open_aur(workspace, {"id": other.id}, ignore_progress)


@pytest.mark.parametrize("limits", [{"seconds": 0.4}, {"whole_bytes": 31_000}])
def test_a_file_of_more_sound_than_fits_is_looked_into_and_not_decoded(
    workspace: Workspace, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: dict[str, float]
) -> None:
    item = sent(workspace, coded(tmp_path, model_file))
    monkeypatch.setattr(compressing, "LIMITS", replace(compressing.LIMITS, **limits))
    facts = open_aur(workspace, {"id": item.id}, ignore_progress)
    assert "too much to be heard here" in facts["unheard"] and "packets are as they were written" in facts["verdict"]
    assert not item.file("decoded.wav").exists() and json.dumps(facts)
