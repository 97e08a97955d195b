"""Sounds that few recordings hold."""

import numpy as np
import pytest

from auricle.data.crops import with_rarities

LENGTH, COUNT = 8192, 2000
Crops = dict[str, list[np.ndarray]]


@pytest.fixture(scope="module")
def crops() -> Crops:
    """Crops by what became of a constant of .25: recorded, hit or hiss."""
    random = np.random.default_rng(0)
    crops: Crops = {"recorded": [], "hit": [], "hiss": []}
    for _ in range(COUNT):
        crop = with_rarities(np.full(LENGTH, 0.25, np.float32), random)
        assert crop.dtype == np.float32 and crop.shape == (LENGTH,) and np.abs(crop).max() <= 1
        power = np.square(crop[LENGTH // 2 :], dtype=np.float64)
        dies_away = power[-1000:].mean() < 0.3 * power[:1000].mean()
        begins_at_once = np.abs(crop[:100]).max() > 0.5 * np.abs(crop).max()
        is_hit = dies_away and (crop[0] == 0 or begins_at_once)
        kind = "recorded" if np.ptp(crop[LENGTH // 2 :]) == 0 else "hit" if is_hit else "hiss"
        crops[kind].append(crop)
    return crops


def test_each_kind_comes_as_often_as_it_is_told(crops: Crops):
    assert 0.88 < len(crops["recorded"]) / COUNT < 0.92
    assert 0.03 < len(crops["hiss"]) / COUNT < 0.07 and 0.03 < len(crops["hit"]) / COUNT < 0.07


def test_recorded_sounds_begin_suddenly_in_a_quarter_of_cases(crops: Crops):
    sudden = [crop for crop in crops["recorded"] if crop[0] == 0]
    assert 0.2 < len(sudden) / len(crops["recorded"]) < 0.3
    assert all((crop[crop != 0] == 0.25).all() for crop in sudden)


def test_hiss_is_noise_in_a_band(crops: Crops):
    power = [np.abs(np.fft.rfft(crop * np.hanning(LENGTH))) ** 2 for crop in crops["hiss"]]
    edges = [np.cumsum(p).searchsorted(np.array([0.02, 0.98]) * p.sum()) / LENGTH for p in power]
    assert 0.01 < np.median([high - low for low, high in edges]) < 0.4


def test_a_hit_is_there_at_once_and_dies_away_at_low_frequencies(crops: Crops):
    rises, lows = [], []
    for crop in crops["hit"]:
        start = int(np.flatnonzero(crop)[0])
        rises.append(np.abs(crop[start : start + 100]).max() / np.abs(crop).max())
        power = np.abs(np.fft.rfft(crop)) ** 2
        lows.append(power[: LENGTH // 5].sum() / power.sum())
    assert np.median(rises) > 0.8 and np.median(lows) > 0.8


def test_half_of_the_hits_begin_at_sample_0(crops: Crops):
    assert 0.35 < np.mean([crop[0] != 0 for crop in crops["hit"]]) < 0.65
