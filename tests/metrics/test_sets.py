"""Inception score, precision to coverage, copying, distances, and the log-mel statistics."""

import tracemalloc

import numpy as np
import pytest

from auricle.errors import AudioError, OptionError
from auricle.metrics import (
    copying,
    inception_score,
    log_mel_statistics,
    manifold,
    mean_distance,
    nearest,
    squared_distances,
)
from auricle.metrics.spectral import BANDS, SIZE


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).normal(size=shape)


def test_inception_score_goes_from_one_to_the_number_of_classes():
    assert inception_score(np.full((20, 4), 0.25)) == pytest.approx(1.0)
    assert inception_score(np.tile([1.0, 0, 0, 0], (20, 1))) == pytest.approx(1.0)
    assert inception_score(np.tile(np.eye(4), (5, 1))) == pytest.approx(4.0)
    half = inception_score(np.array([[1.0, 0, 0], [0, 1.0, 0]] * 4))
    assert half == pytest.approx(2.0)
    loose = np.exp(normal(0, 50, 4))
    assert 1.0 < inception_score(loose / loose.sum(axis=1, keepdims=True)) < 4.0


def test_inception_score_refuses_what_is_no_probability():
    with pytest.raises(OptionError, match="sum to 1"):
        inception_score(np.ones((3, 2)))


def shapes(real: np.ndarray, made: np.ndarray):
    return manifold(squared_distances(real, real), squared_distances(made, made), squared_distances(real, made))


def test_one_distribution_has_all_four():
    found = shapes(normal(0, 400, 2), normal(1, 400, 2))
    assert min(found.precision, found.recall, found.coverage) > 0.9
    assert found.density == pytest.approx(1.0, abs=0.15)


def test_one_mode_of_two_is_precise_but_not_all():
    real = np.concatenate((normal(0, 200, 2), normal(1, 200, 2) + 50))
    found = shapes(real, normal(2, 200, 2))
    assert found.precision > 0.9 and found.density > 0.8
    assert found.recall == pytest.approx(0.5, abs=0.1) and found.coverage == pytest.approx(0.5, abs=0.1)


def test_far_away_has_none():
    found = shapes(normal(0, 100, 2), normal(1, 100, 2) + 50)
    assert (found.precision, found.recall, found.density, found.coverage) == (0, 0, 0, 0)


def test_one_outlier_fools_recall_but_not_coverage():
    """What density and coverage were made for (Naeem et al., 2020): a far generated sound has a huge neighbourhood."""
    real = normal(0, 200, 2)
    made = np.concatenate((np.full((20, 2), 30.0) + 0.01 * normal(1, 20, 2), [[-30.0, -30.0]]))
    assert shapes(real, made).recall > 0.9 and shapes(real, made).coverage < 0.05


def test_six_sounds_at_least():
    with pytest.raises(OptionError, match="5 sounds have no 5 neighbours"):
        shapes(normal(0, 5, 2), normal(1, 9, 2))


def test_copies_are_nearer_than_held_out_sounds():
    training, held_out = normal(0, 300, 8), normal(1, 300, 8)
    normal_distances = nearest(held_out, training)[0]
    copies, which = nearest(training[40:60] + 1e-7, training)
    assert list(which) == list(range(40, 60)) and copies.max() < 1e-6
    assert copying(copies, normal_distances).nearer == 1.0
    assert copying(copies, normal_distances).suspects == 1.0
    fair = copying(nearest(normal(2, 300, 8), training)[0], normal_distances)
    assert fair.nearer == pytest.approx(0.5, abs=0.08) and fair.suspects < 0.05
    assert copying(normal_distances + 100, normal_distances).nearer == 0.0


def test_ties_count_half():
    assert copying(np.ones(5), np.ones(7)).nearer == 0.5


def test_nearest_works_in_blocks():
    values, others = normal(0, 1100, 3), normal(1, 40, 3)
    distances, which = nearest(values, others)
    whole = squared_distances(values, others)
    assert (which == whole.argmin(axis=1)).all()
    assert distances == pytest.approx(np.sqrt(whole.min(axis=1)))


def test_mean_distance_leaves_out_a_sound_from_itself():
    assert mean_distance(squared_distances(np.array([[0.0], [3.0]]), np.array([[0.0], [3.0]]))) == pytest.approx(3.0)


def tone(hertz: float, seconds: float = 0.5, rate: int = 16000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def test_log_mel_statistics_tell_sounds_apart():
    low, high = log_mel_statistics(tone(300), 16000), log_mel_statistics(tone(3000), 16000)
    assert low.shape == (SIZE,) and np.isfinite(low).all()
    assert low[:BANDS].argmax() < high[:BANDS].argmax()
    assert low[-1] == pytest.approx(np.log(0.5))


def test_log_mel_statistics_take_memory_for_the_sound_and_not_for_its_frames():
    sound = np.random.default_rng(0).standard_normal(60 * 16000)
    log_mel_statistics(sound[:16000], 16000)
    tracemalloc.start()
    log_mel_statistics(sound, 16000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * sound.nbytes


def test_log_mel_statistics_know_time():
    decay = tone(1000) * np.exp(-np.arange(8000) / 1500)
    falls, swells = (log_mel_statistics(each, 16000) for each in (decay, decay[::-1]))
    first = slice(2 * BANDS, 3 * BANDS)
    assert falls[first].max() > 0.5 and swells[first].min() < -0.5
    assert falls[:BANDS] == pytest.approx(swells[:BANDS], abs=0.2)  # without time they are one


def test_a_louder_sound_is_the_same_but_for_its_level():
    sound = tone(700) + 0.01 * normal(0, 8000)
    soft, loud = (log_mel_statistics(gain * sound, 16000) for gain in (0.1, 0.9))
    assert loud - soft == pytest.approx(np.eye(SIZE)[-2] * np.log(9), abs=1e-4)


def test_log_mel_statistics_of_silence_and_of_one_sample_are_finite():
    for sound in (np.zeros(4000), np.ones(1)):
        assert np.isfinite(log_mel_statistics(sound, 8000)).all()
    with pytest.raises(AudioError):
        log_mel_statistics(np.zeros(0), 8000)
