"""PESQ, STOI and DNSMOS."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import auricle
from auricle.audio import read
from auricle.errors import AudioError, MissingPackageError
from auricle.metrics import dnsmos, pesq_wb, stoi

RATE = 16_000


def babble(seconds: float, rate: int = RATE) -> np.ndarray:
    """A buzz with moving formants and pauses, which both metrics take for speech."""
    time = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * k * time + k) / k for k in range(1, 25))
    moving = 1 + 0.8 * np.sin(2 * np.pi * 3 * time) * np.sin(2 * np.pi * 700 * time)
    return 0.1 * buzz * moving * (np.sin(2 * np.pi * 0.7 * time) > -0.5)


def noisy(signal: np.ndarray, level: float) -> np.ndarray:
    return signal + level * np.random.default_rng(0).standard_normal(signal.shape)


class TestPesq:
    @pytest.fixture(autouse=True)
    def _package(self) -> None:
        pytest.importorskip("pesq")

    def test_the_same_is_best(self) -> None:
        assert pesq_wb(babble(3), babble(3), RATE) == pytest.approx(4.644, abs=0.01)

    def test_more_noise_is_worse(self) -> None:
        scores = [pesq_wb(babble(3), noisy(babble(3), level), RATE) for level in (0.001, 0.01, 0.1)]
        assert scores == sorted(scores, reverse=True) and 1 <= scores[2] < 1.5

    def test_other_rates_and_channels(self) -> None:
        signal = np.stack([babble(3, 48_000)] * 2).astype(np.float32)
        assert pesq_wb(signal, signal, 48_000) == pytest.approx(4.644, abs=0.01)

    def test_long_signals_in_pieces(self) -> None:
        signal = np.concatenate([babble(15), np.zeros(30 * RATE)])
        score = pesq_wb(signal, noisy(signal, 0.003), RATE)
        assert 1 < score < 4.6

    def test_nothing_to_score(self) -> None:
        with pytest.raises(AudioError, match="no speech"):
            pesq_wb(np.zeros(RATE), babble(1), RATE)
        with pytest.raises(AudioError, match="no speech"):
            pesq_wb(babble(1), np.zeros(RATE), RATE)
        with pytest.raises(AudioError, match=r"can't score 0\.100 s"):
            pesq_wb(babble(0.1), babble(0.1), RATE)


class TestStoi:
    @pytest.fixture(autouse=True)
    def _package(self) -> None:
        pytest.importorskip("pystoi")

    @pytest.mark.parametrize("extended", [False, True])
    def test_the_same_is_best_and_noise_is_worse(self, extended: bool) -> None:
        signal = babble(3)
        assert stoi(signal, signal, RATE, extended=extended) == pytest.approx(1, abs=1e-6)
        scores = [stoi(signal, noisy(signal, level), RATE, extended=extended) for level in (0.01, 0.1, 1)]
        assert scores == sorted(scores, reverse=True) and scores[2] < 0.7

    @pytest.mark.parametrize("frames", [10, 300, 3000])
    def test_too_short(self, frames: int) -> None:
        with pytest.raises(AudioError, match="too little sound"):
            stoi(babble(3)[:frames], babble(3)[:frames], RATE)


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pesq", "pystoi"):
        monkeypatch.setitem(sys.modules, name, None)
    for measure in (pesq_wb, stoi):
        with pytest.raises(MissingPackageError, match="pip install 'auricle"):
            measure(babble(1), babble(1), RATE)


def test_dnsmos_likes_speech_better_than_the_same_in_noise():
    pytest.importorskip("onnxruntime", reason="DNSMOS needs onnxruntime")
    if importlib.util.find_spec("speechmos") is None:
        pytest.skip("DNSMOS needs speechmos")
    speech, rate = read(Path(auricle.__file__).parent / "demo" / "sounds" / "speech_1.flac")
    noise = 0.05 * np.random.default_rng(0).standard_normal(speech.shape).astype(np.float32)
    clean, noisy = dnsmos(speech, rate), dnsmos(speech + noise, rate)
    assert set(clean) == {"signal", "background", "overall"}
    assert all(1.0 < value < 5.0 for value in (*clean.values(), *noisy.values()))
    assert clean["overall"] > noisy["overall"] + 0.3 and clean["background"] > noisy["background"] + 0.5
    with pytest.raises(AudioError, match="without samples"):
        dnsmos(np.zeros((1, 0), np.float32), rate)
