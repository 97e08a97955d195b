import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.codec.format.channel_rotation import (
    HALF_TURN,
    MID_SIDE,
    angle_count,
    default_angles,
    fitted_angles,
    rotation,
)


def test_unheard_stereo_becomes_mid_and_side_and_other_channels_stay() -> None:
    assert [default_angles(channels) for channels in (1, 2, 3)] == [(), MID_SIDE, (0, 0, 0)]
    half = np.sqrt(0.5)
    np.testing.assert_allclose(rotation(MID_SIDE, 2), [[half, half], [-half, half]], atol=1e-12)
    np.testing.assert_array_equal(rotation((), 1), [[1.0]])


def test_channels_that_are_the_same_become_mid_and_side() -> None:
    assert fitted_angles(np.ones((2, 2))) == MID_SIDE


@given(st.integers(1, 8).flatmap(
    lambda c: st.tuples(
        st.just(c),
        st.lists(st.integers(-HALF_TURN, HALF_TURN - 1), min_size=angle_count(c), max_size=angle_count(c)),
    )
))  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_any_angles_make_an_orthonormal_matrix(shape: tuple[int, list[int]]) -> None:
    channels, angles = shape
    matrix = rotation(tuple(angles), channels)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(channels), atol=1e-12)


@pytest.mark.parametrize("channels", [2, 3, 4, 6, 8])
def test_the_fitted_rotation_gathers_the_energy(channels: int) -> None:
    rng = np.random.default_rng(channels)
    mixing = rng.normal(size=(channels, channels)) * 0.5 ** np.arange(channels)
    audio = (mixing @ rng.normal(size=(channels, 5000))).astype(np.float32)
    angles = fitted_angles(audio.astype(np.float64) @ audio.T)
    assert all(-HALF_TURN <= angle < HALF_TURN for angle in angles)
    rotated = rotation(angles, channels) @ audio
    covariance = rotated @ rotated.T
    energies = np.diag(covariance)
    assert (np.diff(energies) <= 0).all()
    correlation = covariance / np.sqrt(np.outer(energies, energies))
    assert np.abs(correlation - np.eye(channels)).max() < 0.05
    expected = np.sort(np.linalg.eigvalsh(audio.astype(np.float64) @ audio.T))[::-1]
    np.testing.assert_allclose(energies, expected, rtol=1e-2)
