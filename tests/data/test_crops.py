"""Random training crops."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.data import AudioCache, CropSampler, scan
from auricle.errors import OptionError

RATE = 8000


def cache_of(folder: Path, sounds: dict[str, np.ndarray]) -> AudioCache:
    (folder / "sounds").mkdir()
    for name, sound in sounds.items():
        soundfile.write(folder / "sounds" / f"{name}.wav", sound.T, RATE, subtype="FLOAT")
    return AudioCache.build(scan(folder / "sounds").sounds, folder / "cache", sample_rate=RATE)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> AudioCache:
    random = np.random.default_rng(0)
    return cache_of(
        tmp_path_factory.mktemp("crops"),
        {
            "short": random.uniform(-0.5, 0.5, (1, 700)),
            "long": random.uniform(-0.5, 0.5, (1, 100_000)),
            "stereo": random.uniform(-0.5, 0.5, (2, 5000)),
        },
    )


@settings(max_examples=40, deadline=None)
@given(
    length=st.integers(1, 9000),
    batch=st.integers(1, 4),
    seed=st.integers(0, 2**40),
    step=st.integers(0, 10**9),
)
def test_shape_and_repetition(cache: AudioCache, length: int, batch: int, seed: int, step: int) -> None:
    crops = CropSampler(cache, length=length, batch=batch, seed=seed).batch(step)
    assert crops.shape == (batch, length) and crops.dtype == np.float32
    assert np.isfinite(crops).all() and np.abs(crops).max() <= 1 + 1e-6
    np.testing.assert_array_equal(crops, CropSampler(cache, length=length, batch=batch, seed=seed).batch(step))


def test_steps_and_seeds_differ(cache: AudioCache) -> None:
    sampler = CropSampler(cache, length=500, batch=4, seed=1)
    batches = [sampler.batch(step) for step in range(5)]
    batches.append(CropSampler(cache, length=500, batch=4, seed=2).batch(0))
    assert len({batch.tobytes() for batch in batches}) == 6


def test_shards(cache: AudioCache) -> None:
    sampler = CropSampler(cache, length=500, batch=4, seed=1)
    np.testing.assert_array_equal(sampler.batch(3), sampler.batch(3, 0))
    batches = [sampler.batch(step, shard) for step in range(4) for shard in range(4)]
    assert len({batch.tobytes() for batch in batches}) == 16
    repeated = CropSampler(cache, length=500, batch=4, seed=1)
    np.testing.assert_array_equal(repeated.batch(2, 3), batches[2 * 4 + 3])


def test_the_first_shard_stays_the_same_for_ever(tmp_path: Path) -> None:
    ramp = np.linspace(0.1, 0.9, 8000)[None]
    sampler = CropSampler(cache_of(tmp_path, {"a": ramp}), length=3, batch=2, seed=7)
    np.testing.assert_allclose(sampler.batch(5)[:, 0], [-0.6515769, -0.4169143], atol=1e-6)


def constants(folder: Path, lengths: dict[float, int]) -> AudioCache:
    return cache_of(folder, {f"{value}": np.full((1, length), value) for value, length in lengths.items()})


def test_weights_go_with_the_root_of_the_length(tmp_path: Path) -> None:
    store = constants(tmp_path, {0.25: 1000, 0.5: 16_000, 0.75: 64_000})
    sampler = CropSampler(store, length=500, batch=3000, seed=0, gain=(0, 0))
    values = np.abs(sampler.batch(0)[:, 0])
    shares = [np.mean(values == value) for value in (0.25, 0.5, 0.75)]
    np.testing.assert_allclose(shares, np.array([1, 4, 8]) / 13, atol=0.03)


def test_starts_are_uniform(tmp_path: Path) -> None:
    ramp = np.linspace(0.1, 0.9, 8000)[None]
    sampler = CropSampler(cache_of(tmp_path, {"a": ramp}), length=800, batch=2000, seed=0, gain=(0, 0))
    starts = (np.abs(sampler.batch(0)[:, 0]) - 0.1) / 0.8 * 8000
    assert starts.min() < 50 and starts.max() > 7150
    np.testing.assert_allclose(np.histogram(starts, 8, (0, 7200))[0] / 2000, 1 / 8, atol=0.03)


def test_short_sounds_fill_the_crop(tmp_path: Path) -> None:
    store = constants(tmp_path, {0.25: 800, 0.5: 800})
    crops = np.abs(CropSampler(store, length=16_000, batch=8, seed=0, gain=(0, 0)).batch(0))
    assert set(np.unique(crops)) == {0.0, 0.25, 0.5}
    assert (crops[:, :800] > 0).all()
    assert 0.55 < np.mean(crops > 0) < 0.8  # gaps of 0 to 800 samples between sounds of 800


def test_gains_are_uniform_in_decibels(tmp_path: Path) -> None:
    store = constants(tmp_path, {0.125: 4000})
    crops = CropSampler(store, length=100, batch=4000, seed=0).batch(0)
    decibels = 20 * np.log10(np.abs(crops[:, 0]) / 0.125)
    assert -12.01 < decibels.min() < -11.9 and 5.9 < decibels.max() < 6.01
    np.testing.assert_allclose(np.histogram(decibels, 6, (-12, 6))[0] / 4000, 1 / 6, atol=0.03)
    assert 0.45 < np.mean(crops[:, 0] > 0) < 0.55


@pytest.mark.parametrize("value", [0.9, 1.8])
def test_gains_never_clip(tmp_path: Path, value: float) -> None:
    crops = np.abs(CropSampler(constants(tmp_path, {value: 4000}), length=100, batch=500, seed=0).batch(0))
    assert crops.max() <= 1 + 1e-6 and np.mean(crops > 0.999) > 0.2


def test_views_of_stereo(tmp_path: Path) -> None:
    stereo = np.stack([np.full(4000, 0.75), np.full(4000, 0.25)])
    sampler = CropSampler(cache_of(tmp_path, {"a": stereo}), length=100, batch=4000, seed=0, gain=(0, 0))
    values = np.abs(sampler.batch(0)[:, 50])
    assert np.mean(values == 0.5) == pytest.approx(0.5, abs=0.03)
    assert np.mean(values == 0.75) == pytest.approx(0.125, abs=0.02)
    # the side of these two is as loud as the right channel
    assert np.mean(values == 0.25) == pytest.approx(0.125 + 0.25, abs=0.03)


def test_silence_is_drawn_again(tmp_path: Path) -> None:
    sound = np.zeros((1, 40_000))
    sound[:, :10_000] = 0.5
    sampler = CropSampler(cache_of(tmp_path, {"a": sound}), length=10, batch=2000, seed=0)
    silent = np.mean(np.abs(sampler.batch(0)).max(axis=1) < 1e-4)
    assert silent == pytest.approx(0.75**5, abs=0.03)


def test_nothing_but_silence_is_allowed(tmp_path: Path) -> None:
    sampler = CropSampler(cache_of(tmp_path, {"a": np.zeros((1, 4000))}), length=10, batch=2, seed=0)
    np.testing.assert_array_equal(sampler.batch(0), 0)


@pytest.mark.parametrize(("length", "batch", "seed"), [(0, 1, 0), (10, 0, 0), (10, 1, -1)])
def test_options(cache: AudioCache, length: int, batch: int, seed: int) -> None:
    with pytest.raises(OptionError, match="must be positive"):
        CropSampler(cache, length=length, batch=batch, seed=seed)


def test_gain_range(cache: AudioCache) -> None:
    with pytest.raises(OptionError, match="lower bound first"):
        CropSampler(cache, length=10, batch=1, seed=0, gain=(3, -3))


def test_rarities_are_some_crops(tmp_path: Path) -> None:
    sampler = CropSampler(
        constants(tmp_path, {0.25: 4000}), length=1000, batch=4000, seed=0, gain=(0, 0), rarities=True
    )
    crops = sampler.batch(0)
    recorded = (np.abs(crops[:, 501:]) == 0.25).all(axis=1)
    assert 0.88 < recorded.mean() < 0.92 and np.abs(crops).max() <= 1
    assert 0.2 < np.mean(crops[recorded, 0] == 0) < 0.3
    np.testing.assert_array_equal(crops, sampler.batch(0))
