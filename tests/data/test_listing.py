"""Names of audio files."""

from pathlib import Path

import pytest

from auricle.data.scan import audio_names
from auricle.errors import DataError


def test_order_and_place(tmp_path: Path) -> None:
    for name in ("b/2.wav", "b/1.FLAC", "c.mp3", "a/x/y.ogg", "a/z.txt", ".h/1.wav", "b/.1.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "d.wav").hardlink_to(tmp_path / "c.mp3")
    assert list(audio_names(tmp_path, lambda *_: None)) == ["c.mp3", "a/x/y.ogg", "b/1.FLAC", "b/2.wav"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        next(audio_names(tmp_path / "x", lambda *_: None))
