"""What distances of spectra do not see: buzz, levels, attacks."""

import numpy as np
import pytest

from auricle.metrics.artefacts import (
    attack_seconds,
    before_attack_db,
    first_millisecond_db,
    image_error,
    level_errors,
    periodicity,
    wavering_db,
)

RATE, HOP = 16000, 320


def noise(seconds: float = 4.0, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def buzz(period: int) -> np.ndarray:
    """One piece of noise again and again."""
    piece = noise(period / RATE)
    return np.tile(piece, 4 * RATE // period)


def test_other_noise_is_not_periodic_and_one_noise_again_and_again_is():
    reference = noise(seed=1)
    at_hop, largest = periodicity(noise(seed=2), reference, RATE, HOP, 3500.0)
    assert abs(at_hop) < 0.05 and largest < 0.15
    assert periodicity(buzz(HOP), buzz(HOP), RATE, HOP, 3500.0) == pytest.approx((0.0, 0.0), abs=1e-9)
    at_hop, largest = periodicity(buzz(HOP), noise()[: 200 * HOP], RATE, HOP, 3500.0)
    assert at_hop > 0.9 and largest > 0.9


def test_a_buzz_at_another_period_is_found_among_the_lags():
    at_hop, largest = periodicity(buzz(500), noise(), RATE, HOP, 3500.0)
    assert abs(at_hop) < 0.3 and largest > 0.9


def test_silence_has_no_periodicity():
    assert np.isnan(periodicity(np.zeros(8000), np.zeros(8000), RATE, HOP, 3500.0)).all()


@pytest.mark.parametrize("gain_db", [-6.0, 0.0, 3.0])
def test_level_errors_are_the_gain(gain_db):
    sound = noise()
    size, signed = level_errors(sound * 10 ** (gain_db / 20), sound, RATE, 0.04, [0.0, 1000.0, 4000.0, 8000.0])
    np.testing.assert_allclose(signed, gain_db, atol=1e-4)
    np.testing.assert_allclose(size, abs(gain_db), atol=1e-4)


def test_levels_of_other_noise_are_a_little_off_and_right_in_the_mean():
    size, signed = level_errors(noise(seed=3), noise(seed=4), RATE, 0.04, [1000.0, 4000.0])
    assert size[0] < 1.5 and abs(signed[0]) < 0.3


@pytest.mark.parametrize(
    ("gains", "error"), [((1.0, 1.0), 0.0), ((0.5, 0.5), 0.0), ((1.0, 0.5), 6.02), ((2.0, 1.0), 6.02)]
)
def test_the_image_is_the_difference_between_channels_not_their_level(gains, error):
    sound = np.stack((noise(seed=3), noise(seed=4)))
    scaled = np.array(gains)[:, None] * sound
    assert image_error(scaled, sound, RATE, 0.04, [1000.0, 4000.0, 8000.0]) == pytest.approx(error, abs=0.01)


def test_a_sound_that_moves_to_the_other_side_is_far_off():
    left = np.stack((noise(seed=3), 0.1 * noise(seed=4)))
    assert image_error(left[::-1], left, RATE, 0.04, [1000.0, 4000.0]) == pytest.approx(40.0, abs=1.0)


@pytest.mark.parametrize("rise", [0.0, 0.005, 0.02])
def test_attack_is_eight_tenths_of_a_linear_rise(rise):
    t = np.arange(RATE) / RATE - 0.2
    ramp = np.clip(t / max(rise, 1e-9), 0, 1)
    sound = ramp * np.sin(2 * np.pi * 2000 * t + 1.0)
    assert attack_seconds(sound, RATE) == pytest.approx(max(0.8 * rise, 0.0005), abs=0.0011)


def test_what_comes_before_an_attack():
    t = np.arange(RATE) / RATE - 0.5
    hit = np.where(t >= 0, np.exp(-10 * t) * np.sin(2 * np.pi * 500 * t + 1.5), 0.0)
    smeared = hit + np.where((t < 0) & (t > -0.01), 0.1 * np.sin(2 * np.pi * 500 * t), 0.0)
    assert before_attack_db(hit, hit, RATE) == -120.0
    assert before_attack_db(smeared, hit, RATE) == pytest.approx(-20.0, abs=0.5)


def test_the_first_millisecond():
    sound = np.full(1000, 0.5)
    assert first_millisecond_db(sound, RATE) == pytest.approx(-6.02, abs=0.01)
    assert first_millisecond_db(np.zeros(100), RATE) == -120.0


def test_low_tones_that_fade_do_not_waver_and_those_that_come_back_do():
    time = np.arange(RATE // 2) / RATE
    tone = np.sin(2 * np.pi * 80 * time) * np.exp(-time / 0.08)
    trembling = tone * (1 + 0.8 * np.sin(2 * np.pi * 20 * time))
    assert wavering_db(tone, RATE) < 1 and wavering_db(np.stack((tone, tone)), RATE) == wavering_db(tone, RATE)
    assert wavering_db(trembling, RATE) > 20
    assert np.isnan(wavering_db(np.sin(2 * np.pi * 3000 * time), RATE)) and np.isnan(wavering_db(0 * tone, RATE))
