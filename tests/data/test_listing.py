"""Names of audio files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.data.scan import Names, audio_names
from auricle.errors import DataError


@given(texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)))
def test_names_come_back(texts: list[str]) -> None:
    names = Names()
    for text in texts:
        names.append(text)
    assert list(names) == texts and len(names) == len(texts) and names[1:3] == texts[1:3]
    with pytest.raises(IndexError):
        names[len(texts)]


def test_names_that_are_no_text() -> None:
    names = Names()
    names.append("caf\udce9.wav")
    assert names[0] == "caf\udce9.wav"


def test_order_and_place(tmp_path: Path) -> None:
    for name in ("b/2.wav", "b/1.FLAC", "c.mp3", "a/x/y.ogg", "a/z.txt", ".h/1.wav", "b/.1.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "d.wav").hardlink_to(tmp_path / "c.mp3")
    assert list(audio_names(tmp_path, lambda *_: None)) == ["c.mp3", "a/x/y.ogg", "b/1.FLAC", "b/2.wav"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        next(audio_names(tmp_path / "x", lambda *_: None))
