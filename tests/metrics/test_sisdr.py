"""Scale-invariant signal-to-distortion ratio."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.errors import AudioError
from auricle.metrics import mel_distance, si_sdr, stft_distance


def noise(frames: int, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(frames)


@pytest.mark.parametrize("decibels", [-30, 0, 10, 40])
def test_a_known_ratio(decibels: float) -> None:
    time = np.arange(16_000) / 16_000
    signal, other = np.sin(2 * np.pi * 100 * time), np.sin(2 * np.pi * 300 * time)
    assert si_sdr(signal, signal + 10 ** (-decibels / 20) * other) == pytest.approx(decibels, abs=1e-6)


@given(seed=st.integers(0, 99), gain=st.floats(0.01, 100), offset=st.floats(-1, 1), sign=st.sampled_from([-1, 1]))
def test_neither_gain_nor_offset_nor_sign_matters(seed: int, gain: float, offset: float, sign: int) -> None:
    signal = noise(1000, seed)
    estimate = signal + noise(1000, seed + 100) / 3
    wanted = si_sdr(signal, estimate)
    assert si_sdr(signal, sign * gain * estimate + offset) == pytest.approx(wanted, abs=1e-6)
    assert si_sdr(gain * signal - offset, estimate) == pytest.approx(wanted, abs=1e-6)


def test_limits() -> None:
    signal, silence = noise(1000), np.zeros(1000)
    assert si_sdr(signal, signal) == si_sdr(signal, -2 * signal) == si_sdr(silence, silence) == 100.0
    assert si_sdr(signal, silence) == si_sdr(silence, signal) == -100.0
    assert si_sdr(silence, silence + 0.5) == 100.0
    assert si_sdr(silence, signal * 1e-9) == 100.0
    time = np.arange(1000) / 1000
    assert si_sdr(np.sin(2 * np.pi * 10 * time), np.sin(2 * np.pi * 20 * time)) == -100.0


def test_channels_are_averaged() -> None:
    stereo, estimate = np.stack([noise(500, 1), noise(500, 2)]), np.stack([noise(500, 3), noise(500, 4)])
    assert si_sdr(stereo, estimate) == si_sdr(stereo.mean(0), estimate.mean(0))
    assert si_sdr(stereo.astype(np.float32), estimate.mean(0)) == pytest.approx(si_sdr(stereo, estimate), abs=1e-3)


@pytest.mark.parametrize("measure", [si_sdr, stft_distance, lambda a, b: mel_distance(a, b, 16_000)])
def test_what_can_not_be_measured(measure) -> None:
    with pytest.raises(AudioError, match="the reference has 10 samples, the estimate 11: align or trim"):
        measure(np.ones(10), np.ones(11))
    for shape in ((0,), (2, 0), (1, 2, 3), ()):
        with pytest.raises(AudioError, match="shape"):
            measure(np.ones(shape), np.ones(shape))
    for value in (np.nan, np.inf):
        with pytest.raises(AudioError, match="NaN or infinite"):
            measure(np.ones(10), np.full(10, value))
