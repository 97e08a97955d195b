"""Distances between spectra."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.metrics import mel_distance, stft_distance
from auricle.metrics.spectral import magnitudes

MEL, STFT = 0.206184367, 0.4584905861


def noise(frames: int, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(frames)


def mel(reference: np.ndarray, estimate: np.ndarray) -> float:
    return mel_distance(reference, estimate, 16_000)


@settings(deadline=None)
@given(frames=st.integers(1, 5000), n_fft=st.sampled_from([16, 256, 1024]), hop=st.integers(1, 300))
def test_the_frames_of_the_transform(frames: int, n_fft: int, hop: int) -> None:
    spectrum = np.concatenate(list(magnitudes(noise(frames), n_fft, hop)))
    assert spectrum.shape == (1 + frames // hop, n_fft // 2 + 1)


def test_the_values_of_the_transform() -> None:
    signal = noise(3000)
    spectrum = np.concatenate(list(magnitudes(signal, 512, 128)))
    padded = np.pad(signal, 256)
    window = np.hanning(513)[:-1]
    for frame in (0, 1, 11, 23):
        wanted = np.abs(np.fft.fft(padded[frame * 128 : frame * 128 + 512] * window))[:257]
        np.testing.assert_allclose(spectrum[frame], wanted, atol=1e-12)


def test_a_tone_has_its_amplitude() -> None:
    tone = np.cos(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    spectrum = np.concatenate(list(magnitudes(tone, 512, 128)))
    assert spectrum[60, 32] == pytest.approx(512 / 4)
    assert spectrum[60, 40:].max() < 1e-9


def test_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = noise(20_000), noise(20_000, 1)
    wanted = mel(first, second), stft_distance(first, second)
    monkeypatch.setattr("auricle.metrics.spectral._FRAMES_AT_ONCE", 7)
    assert (mel(first, second), stft_distance(first, second)) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("measure", [mel, stft_distance])
@pytest.mark.parametrize("frames", [1, 100, 16_000])
def test_nothing_between_equals(measure, frames: int) -> None:
    assert measure(noise(frames), noise(frames)) == 0.0
    assert measure(np.zeros(frames), np.zeros(frames)) == 0.0


@pytest.mark.parametrize("measure", [mel, stft_distance])
def test_more_noise_is_farther(measure) -> None:
    signal = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    distances = [measure(signal, signal + level * noise(16_000)) for level in (1e-4, 1e-3, 1e-2, 1e-1, 1)]
    assert distances == sorted(distances) and distances[0] > 0


@pytest.mark.parametrize("gain", [0.5, 2.0, 0.9])
def test_a_gain_shows_as_its_logarithm(gain: float) -> None:
    signal = noise(16_000)
    assert mel(signal, gain * signal) == pytest.approx(abs(np.log(gain)), rel=1e-9)
    assert stft_distance(signal, gain * signal) == pytest.approx(abs(np.log(gain)) + abs(1 - gain), rel=1e-3)


def test_silence_is_far_but_finite() -> None:
    for measure in (mel, stft_distance):
        assert np.isfinite(measure(np.zeros(8000), noise(8000))) and measure(np.zeros(8000), noise(8000)) > 1
        assert np.isfinite(measure(noise(8000), np.zeros(8000))) and measure(noise(8000), np.zeros(8000)) > 1


def test_mel_is_symmetric() -> None:
    assert mel(noise(9000), noise(9000, 1)) == pytest.approx(mel(noise(9000, 1), noise(9000)))


@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
def test_any_rate(rate: int) -> None:
    assert 0.1 < mel_distance(noise(rate // 4), noise(rate // 4, 1), rate) < 2


def test_values_do_not_drift() -> None:
    count = np.arange(16_000)
    hiss = np.sin(count * 12.9898) * 43758.5453 % 1 - 0.5
    signal = 0.5 * np.sin(2e-5 * count**2) + 0.05 * hiss
    estimate = np.round(signal * 32) / 32
    assert mel(signal, estimate) == pytest.approx(MEL, rel=1e-6)
    assert stft_distance(signal, estimate) == pytest.approx(STFT, rel=1e-6)


def test_no_torch() -> None:
    program = "import sys, auricle.metrics, auricle.data, auricle.audio; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
