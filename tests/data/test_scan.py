"""What a folder of sounds holds."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.data import scan
from auricle.errors import DataError


def sound(path: Path, seconds: float = 0.5, rate: int = 16000, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.ones((round(seconds * rate), channels)), rate)
    return path


def test_every_depth_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.wav", "a/z.flac", "a/b/c/d.ogg", "A.WAV", "a.wav"):
        sound(tmp_path / name)
    corpus = scan(tmp_path)
    assert [entry.name for entry in corpus.sounds] == ["A.WAV", "a.wav", "a/b/c/d.ogg", "a/z.flac", "b.wav"]
    assert corpus.sounds[2].path == tmp_path / "a/b/c/d.ogg"
    assert corpus.rejected == ()
    assert corpus.hours == pytest.approx(5 * 0.5 / 3600)


def test_what_a_sound_says(tmp_path: Path) -> None:
    sound(tmp_path / "a.flac", 0.25, 44100, 2)
    (header,) = scan(str(tmp_path)).sounds
    assert (header.sample_rate, header.channels, header.frames) == (44100, 2, 11025)
    assert header.seconds == 0.25


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    for name in ("notes.txt", "labels.csv", "README.md", "x.json", "cover.jpg", ".hidden.wav", "._a.wav", "wav"):
        (tmp_path / name).write_text("hello")
    sound(tmp_path / ".cache" / "b.wav")
    corpus = scan(tmp_path)
    assert [entry.name for entry in corpus.sounds] == ["a.wav"] and corpus.rejected == ()


def test_rejected_with_a_reason(tmp_path: Path) -> None:
    sound(tmp_path / "good.wav")
    sound(tmp_path / "short.wav", 0.01)
    sound(tmp_path / "wide.wav", channels=9)
    sound(tmp_path / "slow.wav", 5, rate=4000)
    content = sound(tmp_path / "cut.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.wav").write_text("hello")
    (tmp_path / "empty.flac").touch()
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    corpus = scan(tmp_path)
    assert [entry.name for entry in corpus.sounds] == ["good.wav"]
    reasons = {refused.path.name: refused.reason for refused in corpus.rejected}
    assert list(reasons) == sorted(reasons)
    expected = {
        "cut.wav": "cut short",
        "empty.flac": "empty",
        "gone.wav": "does not exist",
        "short.wav": "lasts 0.010 s",
        "slow.wav": "4000 Hz",
        "text.wav": "not audio",
        "wide.wav": "9 channels",
    }
    assert set(reasons) == set(expected)
    for name, words in expected.items():
        assert words in reasons[name] and "\n" not in reasons[name]


def test_the_shortest_length_is_a_choice(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 0.01)
    assert len(scan(tmp_path, min_seconds=0.01).sounds) == 1


def test_links_count_once(tmp_path: Path) -> None:
    real = tmp_path / "corpus"
    sound(real / "a" / "one.wav")
    (real / "b").symlink_to(real / "a", target_is_directory=True)
    (real / "loop").symlink_to(real, target_is_directory=True)
    (real / "same.wav").symlink_to(real / "a" / "one.wav")
    elsewhere = sound(tmp_path / "elsewhere" / "two.wav")
    (real / "c").symlink_to(elsewhere.parent, target_is_directory=True)
    corpus = scan(real)
    assert [entry.name for entry in corpus.sounds] == ["c/two.wav", "same.wav"]


def test_the_corpus_may_itself_be_a_link(tmp_path: Path) -> None:
    sound(tmp_path / "real" / "a.wav")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert len(scan(tmp_path / "link").sounds) == 1


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        scan(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a file"):
        scan(sound(tmp_path / "a.wav"))


def test_nothing_to_use(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no audio files"):
        scan(tmp_path)
    (tmp_path / "a.wav").write_text("hello")
    with pytest.raises(DataError, match=r"its only audio file can't be used; the first problem: .*a.wav"):
        scan(tmp_path)
    (tmp_path / "b.wav").touch()
    with pytest.raises(DataError, match="none of its 2 audio files can be used"):
        scan(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_closed_folder_is_reported(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    (refused,) = scan(tmp_path).rejected
    assert refused.path == closed and "can't open" in refused.reason
