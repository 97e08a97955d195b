import numpy as np
import pytest

from auricle.errors import OptionError
from auricle.metrics import kernel_audio_distance
from auricle.metrics.sets import SCALE, gaussian_kernel, median_distance, unbiased_mmd


def draws(seed: int, count: int, shift: float = 0.0, dim: int = 3) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).normal(shift, 1.0, (count, dim))


def by_hand(one: np.ndarray, two: np.ndarray, width: float) -> float:
    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(-np.square(a - b).sum() / (2 * width**2)))

    within = [
        np.mean([kernel(a, b) for i, a in enumerate(each) for j, b in enumerate(each) if i != j]) for each in (one, two)
    ]
    return within[0] + within[1] - 2 * np.mean([kernel(a, b) for a in one for b in two])


def test_it_is_the_textbook_sum():
    one, two = draws(0, 7), draws(1, 5, 0.5)
    assert kernel_audio_distance(one, two, bandwidth=1.3) == pytest.approx(SCALE * by_hand(one, two, 1.3))


def test_the_bandwidth_is_the_median_distance_of_the_reference():
    line = np.array([[0.0], [1.0], [3.0]])  # distances 1, 2, 3
    assert median_distance(line) == pytest.approx(2.0)
    two = draws(1, 9, dim=1)
    assert kernel_audio_distance(line, two) == pytest.approx(kernel_audio_distance(line, two, bandwidth=2.0))


def test_it_is_unbiased_however_few_the_sounds():
    """The mean over many small sets is that of the whole distribution: zero, where both are one."""
    found = np.array([kernel_audio_distance(draws(2 * s, 6), draws(2 * s + 1, 9), bandwidth=2.0) for s in range(3000)])
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(len(found))
    assert (found < 0).mean() > 0.3  # an estimate that is never negative would have a bias


def test_two_gaussians_have_a_closed_form():
    """E k(x, y) of N(0, 1) and N(a, 1) with bandwidth w: w / sqrt(w^2 + 2) exp(-a^2 / (2 (w^2 + 2)))."""
    width, step = 1.5, 1.0
    peak = width / np.sqrt(width**2 + 2)
    expected = SCALE * 2 * peak * (1 - np.exp(-(step**2) / (2 * (width**2 + 2))))
    found = [
        kernel_audio_distance(draws(s, 400, dim=1), draws(s + 99, 400, step, dim=1), bandwidth=width) for s in range(20)
    ]
    assert np.mean(found) == pytest.approx(expected, rel=0.05)


def test_subsets_are_measured_as_sets_of_their_own():
    one, two = draws(0, 8), draws(1, 10, 1.0)
    kernels = gaussian_kernel(one, one, 1.0), gaussian_kernel(two, two, 1.0), gaussian_kernel(one, two, 1.0)
    first, second = np.zeros((2, 8)), np.zeros((2, 10))
    first[0, :4] = first[1, 3:] = second[0, ::2] = second[1, 1:8] = 1
    found = unbiased_mmd(*kernels, first, second)
    assert SCALE * found[0] == pytest.approx(kernel_audio_distance(one[:4], two[::2], bandwidth=1.0))
    assert SCALE * found[1] == pytest.approx(kernel_audio_distance(one[3:], two[1:8], bandwidth=1.0))


def test_bad_input_is_refused():
    with pytest.raises(OptionError, match="fewer than 2"):
        kernel_audio_distance(draws(0, 5), draws(1, 1))
    with pytest.raises(OptionError, match="equal"):
        kernel_audio_distance(np.zeros((5, 2)), draws(1, 5, dim=2))
    with pytest.raises(OptionError, match="3 and of 2 features"):
        kernel_audio_distance(draws(0, 5), draws(1, 5, dim=2), bandwidth=1.0)
