"""Metrics against values that others published, and against what their definitions say.

The recordings of the published cases are not ours to ship. ``AURICLE_CONFORMANCE`` names a folder with
``conformance_testdata_subset`` and ``clean_speech`` of google/visqol's ``testdata``, and ``speech.wav`` and
``speech_bab_0dB.wav`` of ludlows/PESQ's ``audio``; without it those cases are skipped.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.audio import resample
from auricle.dsp.mel import mel_filterbank
from auricle.metrics import pesq_wb, si_sdr, stoi, visqol
from metrics.stoi_reference import reference_stoi

SOUNDS = Path(__file__).parents[2] / "src" / "auricle" / "demo" / "sounds"

VISQOL_AUDIO = {  # reference, degraded: Google's program, version 3.3.3, as its own conformance test has it
    ("strauss48_stereo", "strauss48_stereo_lp35"): 1.3888791489130758,
    ("steely48_stereo", "steely48_stereo_lp7"): 2.2501683734385183,
    ("sopr48_stereo", "sopr48_stereo_256kbps_aac"): 4.68228969737946,
    ("ravel48_stereo", "ravel48_stereo_128kbps_opus"): 4.465141897255348,
    ("moonlight48_stereo", "moonlight48_stereo_128kbps_aac"): 4.684292801646114,
    ("harpsichord48_stereo", "harpsichord48_stereo_96kbps_mp3"): 4.22374532766003,
    ("guitar48_stereo", "guitar48_stereo_64kbps_aac"): 4.349722308064298,
    ("glock48_stereo", "glock48_stereo_48kbps_aac"): 4.332452943882108,
    ("contrabassoon48_stereo", "contrabassoon48_stereo_24kbps_aac"): 2.346868205375293,
    ("castanets48_stereo", "castanets48_stereo"): 4.732101253042348,
}
VISQOL_SPEECH = 3.3129589557647705
VISQOL_IDENTITY = VISQOL_AUDIO["castanets48_stereo", "castanets48_stereo"]
"""All similarities are 1 where nothing differs, so every sound that equals itself has the castanets' score."""
PESQ_PUBLISHED = 1.0832337141036987
PESQ_BEST = 0.999 + 4.0 / (1.0 + np.exp(-1.3669 * 4.5 + 3.8224))
"""ITU-T P.862.2, equation 1: the best raw score of P.862 is 4.5."""

LIBROSA = {  # librosa 0.11.0, filters.mel(sr=, n_fft=, n_mels=): sum, sum of squares, highest value, checksum
    (16000, 256, 20): (0.31968280008413785, 0.0008944328280666808, 0.006642625201493502, 0.02368789294380961),
    (16000, 512, 40): (1.279333129342291, 0.006993395611556767, 0.01323026791214943, -0.01373864356549425),
    (16000, 1024, 80): (5.118657639835874, 0.05550472697519716, 0.026662131771445274, -0.10160250972413033),
    (44100, 1024, 80): (1.8565174817493357, 0.011794000374626957, 0.019799550995230675, 0.11676227189758233),
    (48000, 1024, 80): (1.7059890662660564, 0.0104257026108872, 0.019385142251849174, -0.08226904367149626),
    (8000, 256, 20): (0.6396820261888934, 0.0027944276686042873, 0.008944693021476269, 0.0012772129608990485),
}


@pytest.fixture
def recordings() -> Path:
    folder = os.environ.get("AURICLE_CONFORMANCE")
    if folder is None:
        pytest.skip("AURICLE_CONFORMANCE does not name a folder with the published recordings")
    return Path(folder)


def speech(seconds: float = 3.0, rate: int = 16_000) -> np.ndarray:
    audio, native = soundfile.read(SOUNDS / "speech_1.flac", dtype="float32", always_2d=True)
    return resample(audio.T[:1], native, rate)[0, : round(seconds * rate)]


def coarse(signal: np.ndarray) -> np.ndarray:
    """The same on every machine, and clearly worse."""
    return np.round(signal * 64) / 64


@pytest.mark.parametrize("shape", LIBROSA)
def test_mel_filters_are_librosas(shape: tuple[int, int, int]) -> None:
    filters = mel_filterbank(*shape).astype(np.float64)
    wave = np.cos(np.arange(filters.size).reshape(filters.shape))
    found = filters.sum(), np.square(filters).sum(), filters.max(), (filters * wave).sum()
    assert found == pytest.approx(LIBROSA[shape], rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(("noise", "decibels"), [(1.0, 0.0), (0.1, 20.0), (2.0, -20 * np.log10(2))])
def test_si_sdr_of_orthogonal_noise(noise: float, decibels: float) -> None:
    signal, other = np.tile([1.0, -1.0, 1.0, -1.0], 100), np.tile([1.0, 1.0, -1.0, -1.0], 100)
    assert si_sdr(signal, signal + noise * other) == pytest.approx(decibels, abs=1e-9)


def test_pesq_of_equals_is_the_best_that_the_standard_has() -> None:
    pytest.importorskip("pesq")
    assert pesq_wb(speech(), speech(), 16_000) == pytest.approx(PESQ_BEST, abs=1e-5)


def test_pesq_is_the_packages() -> None:
    package = pytest.importorskip("pesq")
    first, second = speech(), coarse(speech())
    assert pesq_wb(first, second, 16_000) == pytest.approx(package.pesq(16_000, first, second, "wb"), abs=1e-6)


def test_pesq_of_the_packages_recordings(recordings: Path) -> None:
    pytest.importorskip("pesq")
    pair = [soundfile.read(recordings / f"{name}.wav", dtype="float32")[0] for name in ("speech", "speech_bab_0dB")]
    assert pesq_wb(*pair, 16_000) == pytest.approx(PESQ_PUBLISHED, abs=1e-4)


@pytest.mark.parametrize("level", [0.0, 0.003, 0.03])
def test_stoi_is_the_papers(level: float) -> None:
    pytest.importorskip("pystoi")
    clean = speech(3.0, 10_000).astype(np.float64)
    processed = coarse(clean) + level * np.random.default_rng(0).standard_normal(clean.size)
    assert stoi(clean, processed, 10_000) == pytest.approx(reference_stoi(clean, processed), abs=1e-5)


def test_visqol_of_equals_is_the_published_best() -> None:
    pytest.importorskip("visqol")
    assert visqol(speech(2.0), speech(2.0), 16_000, speech=False) == pytest.approx(VISQOL_IDENTITY, abs=2e-4)


@pytest.mark.parametrize(("first", "second"), VISQOL_AUDIO)
def test_visqol_of_googles_music(recordings: Path, first: str, second: str) -> None:
    pytest.importorskip("visqol")
    folder = recordings / "conformance_testdata_subset"
    pair = [soundfile.read(folder / f"{name}.wav", always_2d=True)[0].T for name in (first, second)]
    length = min(signal.shape[1] for signal in pair)
    score = visqol(*(signal[:, :length] for signal in pair), 48_000, speech=False)
    assert score == pytest.approx(VISQOL_AUDIO[first, second], abs=0.02)  # Google's program takes unequal lengths


def test_visqol_of_googles_speech(recordings: Path) -> None:
    pytest.importorskip("visqol")
    names = ("CA01_01", "transcoded_CA01_01")
    pair = [soundfile.read(recordings / "clean_speech" / f"{name}.wav", always_2d=True)[0].T for name in names]
    length = min(signal.shape[1] for signal in pair)
    score = visqol(*(signal[:, :length] for signal in pair), 16_000, speech=True)
    assert score == pytest.approx(VISQOL_SPEECH, abs=0.02)
