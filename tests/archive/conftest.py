"""A folder of files that `CopyTask` copies."""

import os
from pathlib import Path

import pytest
from copy_task import CopyTask


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    for name in ("a.wav", "low/b.wav", "low/deep/c.flac"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"sound {name}")
        os.utime(path, (1e9, 1e9))
    (folder / "notes.txt").write_text("words")
    (folder / ".hidden.wav").write_text("hidden")
    return folder


@pytest.fixture
def task(tmp_path: Path) -> CopyTask:
    return CopyTask(tmp_path / "log")
