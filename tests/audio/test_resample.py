"""Sample rate conversion."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.audio import Resampler, resample, resampled_length
from auricle.errors import AudioError, AuricleError, OptionError

RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000]
rates = st.one_of(st.sampled_from(RATES), st.integers(8000, 192000))


def noise(channels: int, frames: int, seed: int = 0) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).standard_normal((channels, frames)).astype(np.float32)


@given(st.integers(0, 10**12), rates, rates)
def test_length_is_exact(length: int, source: int, target: int) -> None:
    assert resampled_length(length, source, target) == math.ceil(Fraction(length * target, source))


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2000)), max_size=8),
    source=rates,
    target=rates,
    channels=st.integers(1, 3),
)
def test_blocks_do_not_matter(sizes: list[int], source: int, target: int, channels: int) -> None:
    sound = noise(channels, sum(sizes))
    expected = resample(sound, source, target)
    assert expected.dtype == np.float32
    assert expected.shape == (channels, resampled_length(sum(sizes), source, target))
    resampler = Resampler(source, target, channels)
    parts = [resampler.push(block) for block in np.split(sound, np.cumsum(sizes)[:-1], axis=1) if sizes]
    parts.append(resampler.flush())
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), expected)


@pytest.mark.parametrize("source", [8000, 16000, 44100, 48000, 192000])
@pytest.mark.parametrize("target", [8000, 16000, 24000, 44100, 192000])
def test_a_tone_stays_in_place(source: int, target: int) -> None:
    def tone(rate: int) -> np.ndarray:
        return 0.5 * np.sin(2 * np.pi * 997 * np.arange(rate) / rate)[None].astype(np.float32)

    resampled = resample(tone(source), source, target)
    middle = slice(target // 10, -target // 10)
    assert np.abs(resampled - tone(target))[:, middle].max() < 1e-4


def test_the_last_sample_follows_the_signal() -> None:
    slow = np.cos(2 * np.pi * np.arange(1001) / 1000).astype(np.float32)[None]
    fast = resample(slow, 8000, 12000)
    assert fast.shape[1] == 1502
    assert abs(fast[0, -2]) > 0.5


def test_equal_rates_pass_through() -> None:
    sound = noise(2, 1000)
    np.testing.assert_array_equal(resample(sound, 16000, 16000), sound)


@pytest.mark.parametrize("frames", [0, 1, 2, 7])
@pytest.mark.parametrize(("source", "target"), [(192000, 8000), (8000, 192000), (44100, 16000)])
def test_short_sounds(frames: int, source: int, target: int) -> None:
    resampled = resample(noise(1, frames), source, target)
    assert resampled.shape == (1, resampled_length(frames, source, target)) and np.isfinite(resampled).all()


def test_there_and_back_keeps_the_length() -> None:
    for frames in range(1, 400):
        resampled = resampled_length(frames, 44100, 16000)
        assert resampled_length(resampled, 16000, 44100) >= frames


def test_memory_is_flat() -> None:
    resampler = Resampler(48000, 16000, 1)
    given_back = 0
    for _ in range(100):
        length = resampler.push(noise(1, 4800))
        assert length.shape[1] < 3 * 1600
        given_back += length.shape[1]
    assert given_back + resampler.flush().shape[1] == 160_000


@pytest.mark.parametrize(("source", "target", "channels"), [(0, 16000, 1), (16000, -1, 1), (16000, 8000, 0)])
def test_options(source: int, target: int, channels: int) -> None:
    with pytest.raises(OptionError, match="can't resample"):
        Resampler(source, target, channels)


def test_one_axis_is_one_channel() -> None:
    sound = noise(1, 900)
    np.testing.assert_array_equal(resample(sound[0], 16000, 44100), resample(sound, 16000, 44100)[0])
    assert resample(np.zeros(0, np.float32), 16000, 44100).shape == (0,)


@pytest.mark.parametrize(
    ("audio", "rate", "kind", "message"),
    [
        (np.zeros((1, 9), np.int16), 8000, AudioError, "int16: give floats; divide int16 by 32768"),
        (np.zeros((1, 2, 3), np.float32), 8000, AudioError, r"shape \(1, 2, 3\): give \(c, t\) or \(t,\)"),
        (np.zeros((1, 9), np.float32), 8000.5, OptionError, "rates are positive integers"),
        (np.zeros((1, 9), np.float32), float("nan"), OptionError, "rates are positive integers"),
    ],
)
def test_what_is_no_sound_is_told(audio: np.ndarray, rate: Any, kind: type[AuricleError], message: str) -> None:
    with pytest.raises(kind, match=message):
        resample(audio, 16000, rate)


@pytest.mark.parametrize(("rate", "message"), [(10**12, "up to 10000000 Hz"), (True, "rates are positive integers")])
def test_rates_that_filters_are_not_made_for_are_refused(rate: int, message: str) -> None:
    """10**12 Hz took for ever."""
    for rates in ((16000, rate), (rate, 16000)):
        with pytest.raises(OptionError, match=message):
            resample(np.zeros((1, 9), np.float32), *rates)
    assert resample(np.zeros((1, 9), np.float32), 16000, 10**7).shape == (1, 5625)
