"""Undoing a delay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.errors import AudioError, OptionError
from auricle.metrics import align, find_delay, find_lag


def noise(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(frames)


def delayed(signal: np.ndarray, lag: int) -> np.ndarray:
    return np.concatenate([np.zeros(max(0, lag)), signal[max(0, -lag) :]])


@settings(deadline=None, max_examples=60)
@given(
    frames=st.integers(400, 3000),
    lag=st.integers(-150, 150),
    more=st.integers(0, 100),
    gain=st.floats(0.1, 10),
    seed=st.integers(0, 9),
)
def test_a_delay_is_found_and_undone(frames: int, lag: int, more: int, gain: float, seed: int) -> None:
    signal = noise(frames, seed)
    estimate = gain * np.concatenate([delayed(signal, lag), np.zeros(more)])
    assert find_lag(signal, estimate, 150) == lag
    aligned = align(signal, estimate, 150)
    assert aligned.shape == signal.shape
    start = max(0, -lag)
    np.testing.assert_array_equal(aligned[start:], gain * signal[start:])
    np.testing.assert_array_equal(aligned[:start], 0)


@pytest.mark.parametrize("lag", [-3000, -1, 0, 1, 3000])
def test_long_signals_in_pieces(lag: int) -> None:
    signal = noise(300_000)
    assert find_lag(signal, delayed(signal, lag) + 0.5 * noise(300_000 + lag, 5), 4000) == lag


def test_against_the_definition() -> None:
    first, second = noise(200, 1), noise(170, 2)
    lags = np.arange(-20, 21)
    direct = [sum(first[t] * second[t + lag] for t in range(200) if 0 <= t + lag < 170) for lag in lags]
    assert find_lag(first, second, 20) == lags[int(np.argmax(direct))]


def test_channels_move_together() -> None:
    stereo = np.stack([noise(1000, 1), noise(1000, 2)]).astype(np.float32)
    late = np.pad(stereo, ((0, 0), (40, 0)))
    aligned = align(stereo, late, 100)
    assert aligned.dtype == np.float32
    np.testing.assert_array_equal(aligned, stereo)
    np.testing.assert_array_equal(align(stereo.mean(0), late, 100), stereo)


def test_a_lag_beyond_the_largest_is_not_found() -> None:
    signal = noise(1000)
    assert abs(find_lag(signal, delayed(signal, 50), 20)) <= 20


def test_silence_stays_where_it_is() -> None:
    assert find_lag(np.zeros(100), np.zeros(100), 10) == 0
    assert find_lag(noise(100), np.zeros(100), 10) == 0


def test_signals_shorter_than_the_lag() -> None:
    assert find_lag(np.ones(3), np.array([0, 0, 0, 0, 1.0, 1, 1]), 50) == 4
    np.testing.assert_array_equal(align(np.ones(3), np.array([0, 0, 0, 0, 1.0, 1, 1]), 50), np.ones(3))
    assert align(np.ones(5), np.ones(2), 0).tolist() == [1, 1, 0, 0, 0]


def test_options() -> None:
    with pytest.raises(OptionError, match="largest lag of -1"):
        find_lag(np.ones(3), np.ones(3), -1)
    with pytest.raises(AudioError, match="shape"):
        align(np.ones(3), np.ones(0), 1)


def smooth(frames: int, seed: int = 0) -> np.ndarray:
    """Noise of the lower half of the band, so that it can be shifted by parts of a sample."""
    spectrum = np.fft.rfft(noise(frames, seed))
    spectrum[len(spectrum) // 2 :] = 0
    return np.fft.irfft(spectrum, frames)


def shifted(signal: np.ndarray, delay: float) -> np.ndarray:
    """Late by any part of a sample, around the ends."""
    turns = np.exp(-2j * np.pi * np.fft.rfftfreq(signal.shape[-1]) * delay)
    return np.fft.irfft(np.fft.rfft(signal) * turns, signal.shape[-1])


@settings(deadline=None, max_examples=40)
@given(delay=st.floats(-60, 60), seed=st.integers(0, 9), gain=st.floats(0.1, 10))
def test_a_part_of_a_sample_is_found_and_undone(delay: float, seed: int, gain: float) -> None:
    signal = smooth(6000, seed)
    late = gain * shifted(signal, delay)
    assert find_delay(signal, late, 100) == pytest.approx(delay, abs=0.02)
    inside = slice(300, -300)
    rest = (align(signal, late, 100) / gain - signal)[inside]
    assert np.std(rest) < 0.06 * np.std(signal)


@pytest.mark.parametrize("delay", [0, 7, -7])
def test_whole_delays_leave_the_samples_alone(delay: int) -> None:
    signal = noise(5000)
    assert find_delay(signal, delayed(signal, delay), 50) == pytest.approx(delay, abs=0.02)
    inside = slice(50, -50)
    np.testing.assert_array_equal(align(signal, delayed(signal, delay), 50)[inside], signal[inside])


def test_parts_of_a_sample_move_all_channels() -> None:
    stereo = np.stack([smooth(4000, 1), smooth(4000, 2)])
    back = align(stereo, shifted(stereo, 12.5).astype(np.float32), 50)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back[:, 200:-200], stereo[:, 200:-200], atol=0.05)
