"""The resampler of auricle.js makes what soxr makes: in node, without a browser."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from auricle.audio import read
from auricle.audio.resample import resample, resampled_length
from export.running import snr_db

HERE = Path(__file__).parent
MUSIC = HERE.parents[1] / "src/auricle/demo/sounds/music_1.flac"
SECONDS = 2


@pytest.mark.parametrize(
    ("source_rate", "target_rate"),
    [(16000, 44100), (44100, 16000), (48000, 44100), (44100, 48000), (16000, 48000), (8000, 16000), (44100, 22050)],
)
def test_sound_comes_at_another_rate_as_from_soxr(source_rate: int, target_rate: int, tmp_path: Path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    sound, rate = read(MUSIC)
    original = resample(sound[:1, : SECONDS * rate], rate, source_rate)
    source, target = tmp_path / "in", tmp_path / "out"
    original.tofile(source)
    command = [node, str(HERE / "resampling.mjs"), str(source), str(target), str(source_rate), str(target_rate)]
    seconds = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    result, expected = np.fromfile(target, np.float32)[None], resample(original, source_rate, target_rate)
    print(f"{SECONDS / seconds:.0f} x real time")
    assert result.shape[1] == resampled_length(original.shape[1], source_rate, target_rate)
    assert snr_db(expected, result) > 80
