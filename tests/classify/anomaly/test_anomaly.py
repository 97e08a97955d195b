"""Unusual sounds are told from usual ones without labels."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_sounds import RATE, sound

import auricle
from auricle.classify.anomaly.waveform import WAVEFORM_SIZE, waveform_statistics
from auricle.errors import DataError


@pytest.fixture
def hisses(tmp_path: Path) -> Path:
    folder = tmp_path / "usual"
    folder.mkdir()
    for number in range(24):
        soundfile.write(folder / f"hiss{number}.wav", sound("hiss", number), RATE)
    return folder


def test_what_is_unlike_the_usual_is_named_first(hisses: Path, tmp_path: Path, model_file: Path):
    new = tmp_path / "new"
    new.mkdir()
    for number in range(4):
        soundfile.write(new / f"hiss{number}.wav", sound("hiss", 100 + number), RATE)
        soundfile.write(new / f"tone{number}.wav", sound("tone", 100 + number), RATE)
    result = auricle.anomalies(new, hisses, model_file)
    assert [found.name[:4] for found in result.sounds] == ["tone"] * 4 + ["hiss"] * 4
    assert result.usual == 24 and result.sounds[0].rarity == 0 and result.sounds[-1].rarity > 0
    assert all(found.kbps > 0 for found in result.sounds)


def test_a_gap_is_unusual_though_it_takes_no_bits(tmp_path: Path, hisses: Path, model_file: Path):
    new = tmp_path / "new"
    new.mkdir()
    for number in range(4):
        whole = sound("hiss", 100 + number)
        cut = whole.copy()
        cut[len(cut) // 2 : len(cut) // 2 + RATE // 20] = 0
        soundfile.write(new / f"whole{number}.wav", whole, RATE)
        soundfile.write(new / f"cut{number}.wav", cut, RATE)
    result = auricle.anomalies(new, hisses, model_file)
    assert [found.name[:3] for found in result.sounds[:4]] == ["cut"] * 4


@pytest.mark.parametrize("kind", ["copies", "silence"])
def test_usual_sounds_that_are_all_the_same_say_nothing(tmp_path: Path, hisses: Path, model_file: Path, kind: str):
    wave = sound("hiss", 1) if kind == "copies" else np.zeros(RATE)
    (tmp_path / "same").mkdir()
    for number in range(9):
        soundfile.write(tmp_path / "same" / f"{number}.wav", wave, RATE)
    with pytest.raises(DataError, match="more than half of the 9 usual sounds are the same"):
        auricle.anomalies(hisses, tmp_path / "same", model_file)


def test_clipping_is_told_by_the_waveform(tmp_path: Path, hisses: Path, model_file: Path):
    new = tmp_path / "new"
    new.mkdir()
    for number in range(4):
        whole = sound("hiss", 100 + number)
        limit = 0.5 * np.abs(whole).max()
        soundfile.write(new / f"whole{number}.wav", whole, RATE)
        soundfile.write(new / f"clipped{number}.wav", whole.clip(-limit, limit), RATE)
    result = auricle.anomalies(new, hisses, model_file)
    assert [sound.name[:4] for sound in result.sounds[:4]] == ["clip"] * 4
    assert {sound.by for sound in result.sounds[:4]} == {"waveform"} and result.sounds[0].rarity == 0


@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.4])
def test_statistics_of_the_waveform_do_not_depend_on_its_level(seconds: float):
    wave = sound("click", 3, seconds)
    figures = waveform_statistics(wave, RATE)
    assert figures.shape == (WAVEFORM_SIZE,) and np.isfinite(figures).all()
    assert waveform_statistics(wave / 1000, RATE) == pytest.approx(figures, abs=1e-3)


def test_statistics_of_a_square_wave_and_of_silence():
    square = np.where(np.arange(RATE) // 50 % 2, 0.5, -0.5)
    *_, crest, share = waveform_statistics(square, RATE)
    assert crest == pytest.approx(0.0) and share == pytest.approx(0.0, abs=1e-3)
    assert not waveform_statistics(np.zeros(RATE), RATE).any()


def test_a_folder_is_judged_by_itself(hisses: Path, model_file: Path):
    soundfile.write(hisses / "odd.wav", sound("click", 1), RATE)
    result = auricle.anomalies(hisses, model=model_file)
    assert result.sounds[0].name == "odd.wav" and len(result.sounds) == 25
    assert 0.5 < np.median([found.score for found in result.sounds]) < 1.5


def test_a_sound_among_the_usual_ones_is_not_its_own_witness(hisses: Path, model_file: Path):
    soundfile.write(hisses / "odd.wav", sound("click", 1), RATE)
    alone = auricle.anomalies(hisses, model=model_file)
    beside = auricle.anomalies(sorted(hisses.glob("*.wav"))[::3], hisses, model_file)
    expected = {found.name.rpartition("/")[2]: found.score for found in alone.sounds}
    assert [found.score for found in beside.sounds] == [expected[Path(found.name).name] for found in beside.sounds]


def test_a_few_sounds_say_nothing(tmp_path: Path, model_file: Path):
    soundfile.write(tmp_path / "one.wav", sound("tone", 1), RATE)
    with pytest.raises(DataError, match="give 8 or more"):
        auricle.anomalies(tmp_path, model=model_file)
