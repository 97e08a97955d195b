"""What is found in a folder of sounds."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.data.doctor.checkup import DuplicateReport, SoundsHealth, examine_sounds
from auricle.errors import DataError
from auricle.progress import Progress
from auricle.verdict import Level

RATE = 16000


def noise(seed: int, seconds: float = 2.0, level: float = 0.1) -> np.ndarray:
    """Noise whose level changes four times a second."""
    random = np.random.default_rng(seed)
    steps = np.repeat(random.uniform(0.2, 1, round(4 * seconds)), RATE // 4)
    return (level * 2**15 * steps * random.standard_normal(len(steps))).clip(-(2**15), 2**15 - 1).astype(np.int16)


def write(path: Path, sound: np.ndarray, rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate)
    return path


@pytest.fixture(scope="module")
def health(tmp_path_factory: pytest.TempPathFactory) -> SoundsHealth:
    folder = tmp_path_factory.mktemp("sounds")
    for index in range(6):
        write(folder / "train" / f"{index}.wav", noise(index))
    write(folder / "valid" / "own.wav", np.stack([noise(50), noise(51)], axis=1), 44100)
    write(folder / "valid" / "leak.flac", noise(1))
    write(folder / "valid" / "worked on.wav", (0.4 * noise(2)[4001:]).astype(np.int16))
    write(folder / "train" / "copy.flac", noise(3))
    write(folder / "train" / "clipped.wav", noise(60, level=3.0))
    write(folder / "train" / "offset.wav", noise(61) // 2 + 2000)
    write(folder / "train" / "quiet.wav", noise(62, level=0.002))
    write(folder / "train" / "silent.wav", np.zeros(RATE, np.int16))
    write(folder / "train" / "silent too.flac", np.zeros(RATE, np.int16))
    damaged(folder / "train" / "damaged")
    return examine_sounds(folder)


def damaged(folder: Path) -> None:
    content = write(folder / "half.flac", noise(70, 8.0)).read_bytes()
    (folder / "half.flac").write_bytes(content[: len(content) // 2])
    content = write(folder / "cut.wav", noise(71)).read_bytes()
    (folder / "cut.wav").write_bytes(content[: len(content) // 2])
    (folder / "text.wav").write_text("these are words")
    (folder / "empty.wav").touch()
    write(folder / "short.wav", noise(72)[:100])
    soundfile.write(folder / "nan.wav", np.r_[np.zeros(9000), np.nan], RATE, subtype="FLOAT")
    soundfile.write(folder / "loud.wav", noise(73).astype(float), RATE, subtype="FLOAT")
    (folder / "gone.wav").symlink_to(folder / "nowhere.wav")


def test_every_unusable_file_has_a_reason(health: SoundsHealth) -> None:
    reasons = {refused.path.name: refused.reason for refused in health.rejected}
    expected = {
        "cut.wav": "cut short",
        "empty.wav": "is empty",
        "gone.wav": "does not exist",
        "half.flac": "damaged",
        "loud.wav": "1 is full scale",
        "nan.wav": "nan at 0.562 s",
        "short.wav": "lasts 0.006 s",
        "text.wav": "not audio",
    }
    assert list(reasons) == list(expected)
    assert all(words in reasons[name] and "\n" not in reasons[name] for name, words in expected.items())
    assert health.files == 23 and health.usable == 15 and health.can_train


def test_shapes(health: SoundsHealth) -> None:
    assert health.channels == {1: 14, 2: 1}
    assert health.rates == {
        16000: pytest.approx(9 * 2 + 2 * 2 - 4001 / RATE + 2 + 2),
        44100: pytest.approx(32000 / 44100),
    }
    assert health.seconds == pytest.approx(sum(health.rates.values()))


def test_what_stands_out(health: SoundsHealth) -> None:
    (clipped,) = health.clipped
    assert clipped.name == "train/clipped.wav" and 0.1 < clipped.value < 0.9
    (offset,) = health.offset
    assert offset.name == "train/offset.wav" and offset.value == pytest.approx(2000 / 2**15, abs=0.002)
    (quiet,) = health.quiet
    assert quiet.name == "train/quiet.wav" and -65 < quiet.value < -55
    assert health.silent == ("train/silent too.flac", "train/silent.wav")


def test_duplicates_and_leaks(health: SoundsHealth) -> None:
    assert set(health.duplicates) == {
        DuplicateReport(("train/1.wav", "valid/leak.flac"), exact=True, leak=True),
        DuplicateReport(("train/2.wav", "valid/worked on.wav"), exact=False, leak=True),
        DuplicateReport(("train/3.wav", "train/copy.flac"), exact=True, leak=False),
    }


def test_verdicts(health: SoundsHealth) -> None:
    levels = {verdict.topic: verdict.level for verdict in health.verdicts}
    assert list(levels) == [
        *("files", "amount", "rates", "channels", "level", "clipping", "silence", "offset", "duplicates", "leaks")
    ]
    assert [topic for topic, level in levels.items() if level is Level.fine] == ["rates", "channels"]
    texts = {verdict.topic: verdict.text for verdict in health.verdicts}
    assert texts["files"].startswith("8 of 23 files can't be used")
    assert "2 files are exact copies of another; 1 file is another version" in texts["duplicates"]
    assert texts["leaks"].startswith("2 sounds are both trained on and held out")
    values = {verdict.topic: dict(verdict.values) for verdict in health.verdicts}
    assert values["duplicates"] == {"groups": 3, "exact": 2, "near": 1}
    assert values["silence"]["silent_files"] == 2


def test_a_good_folder(tmp_path: Path) -> None:
    for index in range(4):
        write(tmp_path / f"{index}.flac", noise(index))
    health = examine_sounds(tmp_path)
    assert {verdict.topic for verdict in health.verdicts if verdict.level is not Level.fine} == {"amount"}
    assert health.rejected == health.duplicates == health.clipped == health.quiet == ()


def test_leaks_of_a_folder_that_is_split_by_name(tmp_path: Path) -> None:
    for index in range(20):
        write(tmp_path / f"{index}.wav", noise(index, 0.5))
    write(tmp_path / "13.wav", noise(0, 0.5))  # 13.wav is one that is held out
    (duplicates,) = examine_sounds(tmp_path).duplicates
    assert duplicates == DuplicateReport(("0.wav", "13.wav"), exact=True, leak=True)


def test_headers_only(tmp_path: Path) -> None:
    damaged(tmp_path / "damaged")
    write(tmp_path / "a.wav", noise(0))
    write(tmp_path / "b.wav", noise(0))
    health = examine_sounds(tmp_path, quick=True)
    assert [refused.path.name for refused in health.rejected] == [
        *("cut.wav", "empty.wav", "gone.wav", "short.wav", "text.wav")
    ]
    assert health.usable == 5 and health.duplicates == () and health.silent == ()
    assert [verdict.topic for verdict in health.verdicts] == ["files", "amount", "rates", "channels", "depth"]


def test_nothing_usable(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("words")
    health = examine_sounds(tmp_path)
    assert not health.can_train
    (verdict,) = health.verdicts
    assert verdict.level is Level.bad and "the only file can't be used" in verdict.text


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no audio files"):
        examine_sounds(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        examine_sounds(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a file"):
        examine_sounds(write(tmp_path / "a.wav", noise(0)))


def test_a_file_that_vanishes_meanwhile(tmp_path: Path) -> None:
    for index in range(60):
        write(tmp_path / f"{index:02}.wav", noise(index, 0.25))

    def vanish(progress: Progress) -> None:
        (tmp_path / "59.wav").unlink(missing_ok=True)

    health = examine_sounds(tmp_path, on_progress=vanish)
    assert health.usable + len(health.rejected) == 60 and health.usable >= 59


def test_progress(tmp_path: Path) -> None:
    for index in range(20):
        write(tmp_path / f"{index}.wav", noise(index, 0.25))
    steps: list[Progress] = []
    examine_sounds(tmp_path, on_progress=steps.append)
    assert steps == [Progress("reading sounds", count, 20, "files") for count in range(1, 21)]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_closed_files_and_folders(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(0))
    write(tmp_path / "b.wav", noise(1)).chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    health = examine_sounds(tmp_path)
    assert [refused.path.name for refused in health.rejected] == ["b.wav", "closed"]
