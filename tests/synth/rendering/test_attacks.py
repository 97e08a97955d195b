"""How fast a made sound rises: as that of the recorded one whose length and level it takes."""

import numpy as np
import pytest
import torch

import auricle
from auricle.synth import FlowConfig
from auricle.synth.priors.sizes import draw_size
from auricle.synth.rendering.attack import piece_peaks, rise_seconds, with_attack
from synth.synth_sounds import make_model, make_prior

RATE = 44100


def swelling(rise: float, channels: int = 1) -> np.ndarray:
    """A tone that begins at a third of its level and swells to it within ``rise`` seconds, then falls."""
    time = np.arange(RATE // 2) / RATE
    level = np.interp(time, (0, rise, 0.5), (0.33, 1.0, 0.2))
    tone = 0.8 * level * np.sin(2 * np.pi * 200 * time)
    return np.stack([tone, 0.5 * tone][:channels]).astype(np.float32)


def attack_ms(audio: np.ndarray) -> float:
    return 1000 * rise_seconds(piece_peaks(np.abs(audio).max(0)), RATE)


@pytest.mark.parametrize("channels", [1, 2])
def test_what_swells_after_its_attack_is_turned_down_to_it(channels: int) -> None:
    slow = swelling(0.05, channels)
    fast = with_attack(slow, RATE, 0.005)
    assert attack_ms(slow) > 35 and attack_ms(fast) < 8
    assert fast.shape == slow.shape and fast.dtype == np.float32
    first = round(0.002 * RATE)
    np.testing.assert_array_equal(fast[:, :first], slow[:, :first])
    gains = (
        np.abs(fast[0]).max() / np.abs(slow[0]).max(),
        np.abs(fast[:, -RATE // 20 :]).max() / np.abs(slow[:, -RATE // 20 :]).max(),
    )
    assert 0.3 < gains[0] < 0.6 and gains[1] == pytest.approx(1), "what is softer than the attack stays"
    if channels == 2:
        np.testing.assert_allclose(fast[1], 0.5 * fast[0], rtol=1e-5)


def test_a_sound_that_rises_fast_enough_stays_as_it_is() -> None:
    slow = swelling(0.05)
    assert with_attack(slow, RATE, 0.06) is slow
    assert with_attack(np.zeros((1, 100), np.float32), RATE, 0.01).max() == 0
    assert with_attack(np.zeros((1, 0), np.float32), RATE, 0.01).shape == (1, 0)


def test_nothing_is_turned_down_by_more_than_nine_decibels() -> None:
    """A sound that hardly begins before it is loud."""
    late = np.concatenate((0.11 * np.ones(2000), np.ones(4000)))[None].astype(np.float32)
    assert 20 * np.log10(with_attack(late, RATE, 0.0)[0, 3000:].min()) == pytest.approx(-9.0, abs=0.1)


@pytest.mark.parametrize("seconds", [0.0, 0.0004, 0.001])
def test_a_stick_that_rises_slowly_begins_later(seconds: float) -> None:
    """What comes before a short attack is faded out; from where the sound has risen nothing changes."""
    rise = round(0.0016 * RATE)
    slow = np.concatenate((np.linspace(0.2, 0.9, rise), 0.9 * np.exp(-np.arange(RATE // 4) / 3000)))
    slow = (slow * np.tile([1, -1], len(slow))[: len(slow)])[None].astype(np.float32)
    fast = with_attack(slow, RATE, seconds)
    rises = [np.flatnonzero(np.abs(sound[0]) >= share * 0.9) for sound in (slow, fast) for share in (0.1, 0.9)]
    before, after = (1000 * (rises[end][0] - rises[end - 1][0]) / RATE for end in (1, 3))
    assert before > 1.3 and after <= max(0.3, 1000 * seconds)
    assert np.abs(np.diff(np.abs(fast[0, : rise + 10]))).max() < 0.25, "no step"
    np.testing.assert_array_equal(fast[:, rise:], slow[:, rise:])
    late = np.concatenate((np.zeros((1, 5)), 0.3 * np.ones((1, 1000)), np.ones((1, 1000))), 1).astype(np.float32)
    np.testing.assert_array_equal(with_attack(late, RATE, seconds)[:, :500], late[:, :500])


def test_a_prior_that_knows_attacks_makes_sounds_with_them() -> None:
    model, plain = make_model(), make_prior(make_model(), with_sizes=True)
    config = plain.config.model_copy(update={"attacks": True})
    prior = config.build(plain.origin, plain.info).eval().requires_grad_(False)
    prior.load_state_dict({**plain.state_dict(), "sizes": prior.sizes})
    assert plain.sizes is not None
    prior.fit_sizes(torch.cat((plain.sizes, torch.full((3, 1), 0.004)), 1))
    assert draw_size(prior.sizes, 0, torch.Generator().manual_seed(0)).attack == pytest.approx(0.004)
    options = auricle.GenerationOptions("a", count=6, seed=1)
    slow, fast = (auricle.generate(one, options, model=model) for one in (plain, prior))
    attacks = [
        [rise_seconds(piece_peaks(np.abs(sound.audio).max(0)), output.sample_rate) for sound in output.sounds]
        for output in (slow, fast)
    ]
    assert np.median(attacks[1]) < 0.5 * np.median(attacks[0])
    for before, after in zip(slow.sounds, fast.sounds, strict=True):
        assert after.peak_dbfs == pytest.approx(before.peak_dbfs, abs=0.1) and after.seconds == before.seconds


def test_what_swells_by_nature_is_left_alone() -> None:
    """Of a class that mostly rises slowly, as words do, no attack is asked for, not even a short one."""
    struck = [[0.0, 0.3, -6.0, attack] for attack in (0.002, 0.005, 0.3)]
    spoken = [[1.0, 0.3, -6.0, attack] for attack in (0.002, 0.08, 0.3)]
    table, random = torch.tensor(struck + spoken), torch.Generator().manual_seed(0)
    assert not any(np.isnan(draw_size(table, 0, random).attack) for _ in range(20))
    assert all(np.isnan(draw_size(table, 1, random).attack) for _ in range(20))


def test_attacks_are_no_part_of_notes() -> None:
    with pytest.raises(ValueError, match="attacks are known beside lengths"):
        FlowConfig(examples=4, notes=True, attacks=True)
    with pytest.raises(ValueError, match="attacks are known beside lengths"):
        FlowConfig(attacks=True)


def test_what_follows_is_no_louder_than_the_attack_has_become() -> None:
    """Gains fall before the attack ends and turn it down a little, too; a tone that comes later stays below that."""
    time = np.arange(RATE // 4) / RATE
    hit = np.sin(2 * np.pi * 700 * time) * np.exp(-time / 0.005) * np.minimum(1.0, time / 0.0035) * 0.3
    later = (
        np.sin(2 * np.pi * 130 * time) * np.exp(-np.maximum(0.0, time - 0.012) / 0.1) * np.minimum(1.0, time / 0.012)
    )
    sound = (hit + 0.5 * later)[None].astype(np.float32)
    changed = with_attack(sound, RATE, 0.004)
    assert rise_seconds(piece_peaks(np.abs(sound[0])), RATE) > 0.009
    assert rise_seconds(piece_peaks(np.abs(changed[0])), RATE) < 0.006
