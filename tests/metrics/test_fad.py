import numpy as np
import pytest

from auricle.errors import OptionError
from auricle.metrics import Gaussian, fad_infinity, frechet_audio_distance, frechet_distance


def random(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def covariance(dim: int, seed: int) -> np.ndarray:
    root = random(seed).normal(size=(dim, dim))
    return root @ root.T / dim


def test_equal_covariances_leave_the_distance_of_the_means():
    shape, step = covariance(6, 1), np.arange(6.0)
    assert frechet_distance(Gaussian(np.zeros(6), shape), Gaussian(step, shape)) == pytest.approx(step @ step)


def test_diagonal_covariances_have_a_closed_form():
    first, second = np.array([1.0, 4.0, 0.0]), np.array([9.0, 1.0, 4.0])
    expected = np.square(np.sqrt(first) - np.sqrt(second)).sum()
    found = frechet_distance(Gaussian(np.zeros(3), np.diag(first)), Gaussian(np.zeros(3), np.diag(second)))
    assert found == pytest.approx(expected)


def test_general_covariances_agree_with_the_root_of_the_product():
    linalg = pytest.importorskip("scipy.linalg")
    one, two = covariance(8, 1), covariance(8, 2)
    expected = np.trace(one + two) - 2 * np.trace(linalg.sqrtm(one @ two)).real
    assert frechet_distance(Gaussian(np.zeros(8), one), Gaussian(np.zeros(8), two)) == pytest.approx(expected)


def test_it_is_symmetric_and_zero_for_the_same():
    one, two = (Gaussian.of(random(seed).normal(seed, 1, (50, 5))) for seed in (1, 2))
    assert frechet_distance(one, two) == pytest.approx(frechet_distance(two, one))
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-9)


def test_fewer_sounds_than_features_do_no_harm():
    few = random().normal(size=(5, 20))
    assert frechet_audio_distance(few, few) == pytest.approx(0.0, abs=1e-6)
    assert np.isfinite(frechet_audio_distance(few, few[:3] + 1))


def test_the_order_of_sounds_does_not_matter():
    one, two = random(1).normal(size=(60, 4)), random(2).normal(size=(70, 4))
    assert frechet_audio_distance(one, two) == pytest.approx(
        frechet_audio_distance(one[::-1], random(3).permutation(two))
    )


def test_extrapolation_takes_away_the_bias_of_few_sounds():
    """Against the exact Gaussian of the source the true distance is 0; what 200 sounds measure is not."""
    truth = Gaussian(np.zeros(16), np.eye(16))
    found = [fad_infinity(truth, random(seed).normal(size=(200, 16)), seed=seed) for seed in range(20)]
    measured, beyond = (np.mean([getattr(each, name) for each in found]) for name in ("measured", "value"))
    assert measured > 0.4
    assert abs(beyond) < 0.25 * measured
    assert min(each.straightness for each in found) > 0.9
    assert all(each.slope > 0 for each in found)


def test_extrapolation_keeps_a_true_distance():
    truth = Gaussian(np.zeros(4), np.eye(4))
    found = fad_infinity(truth, random().normal(size=(2000, 4)) + np.array([3.0, 0, 0, 0]))
    assert found.value == pytest.approx(9.0, rel=0.05)


def test_bad_input_is_refused():
    with pytest.raises(OptionError, match="24 sounds are too few"):
        fad_infinity(np.zeros((30, 2)), np.zeros((24, 2)))
    with pytest.raises(OptionError, match="finite rows"):
        Gaussian.of(np.full((5, 2), np.nan))
    with pytest.raises(OptionError, match="2 or more"):
        Gaussian.of(np.zeros((1, 2)))
