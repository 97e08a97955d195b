"""Gaps between two sounds."""

from pathlib import Path

import numpy as np
import pytest

from auricle import generate
from auricle.errors import AudioError, AuricleError, ModelError, OptionError
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from synth.synth_sounds import RATE, make_model, make_prior, tone, wav

MODEL = make_model()
FLOW, STEREO, SIZED = make_prior(MODEL), make_prior(MODEL, channels=2), make_prior(MODEL, with_sizes=True)
SEAM = RATE // 100
PRIORS = pytest.mark.parametrize("prior", [FLOW, STEREO, SIZED], ids=["flow", "stereo", "sized"])


def noise(seconds: float, seed: int, channels: int = 1) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal((channels, round(seconds * RATE)), np.float32)


def filled(prior, first: np.ndarray, second: np.ndarray, seconds: float = 0.2, **options) -> np.ndarray:
    between = (first, RATE), (second, RATE)
    asked = GenerationOptions(between=between, seconds=seconds, **options)
    (sound,) = generate(prior, asked, model=MODEL, sampling=SamplingOptions(steps=2)).sounds
    assert sound.audio is not None
    return sound.audio / 10 ** (sound.level_db / 20)


@PRIORS
@pytest.mark.parametrize("seconds", [0.05, 0.2, 2.3])
def test_both_sounds_stay_as_they_are(prior, seconds: float):
    first, second = (noise(length, seed, prior.channels) for length, seed in ((0.5, 0), (0.77, 1)))
    audio, gap = filled(prior, first, second, seconds, seed=1), round(seconds * RATE)
    assert audio.shape == (prior.channels, first.shape[1] + gap + second.shape[1])
    np.testing.assert_allclose(audio[:, : first.shape[1] - SEAM], first[:, :-SEAM], atol=1e-5)
    np.testing.assert_allclose(audio[:, first.shape[1] + gap + SEAM :], second[:, SEAM:], atol=1e-5)
    assert np.abs(audio[:, first.shape[1] : -second.shape[1]]).max() > 0.01


def test_a_long_first_sound_of_another_rate(tmp_path: Path):
    path = wav(tmp_path / "long.wav", tone(300, 4.0, rate=22050), 22050)
    options = GenerationOptions(between=(path, (noise(0.3, 0), RATE)), seconds=0.5, seed=0)
    (sound,) = generate(FLOW, options, model=MODEL).sounds
    assert sound.seconds == pytest.approx(4.8)


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_no_jump_of_level_at_the_seams(strength: float):
    first, second = noise(0.6, 2), noise(0.6, 3)
    audio = filled(FLOW, first, second, seed=4, strength=strength)[0]
    for seam in (first.shape[1], first.shape[1] + round(0.2 * RATE)):
        before, behind = audio[seam - 2 * SEAM : seam], audio[seam : seam + 2 * SEAM]
        assert abs(20 * np.log10(before.std() / behind.std())) < 2.0


def test_no_step_at_the_seams_of_a_tone():
    first, second = tone(300, 0.5), tone(300, 0.5)[:, 7:]
    audio = filled(FLOW, first, second, seed=4, strength=0.0)[0]
    inside = np.abs(np.diff(first[0])).max()
    for seam in (first.shape[1], first.shape[1] + round(0.2 * RATE)):
        assert np.abs(np.diff(audio[seam - SEAM - 2 : seam + SEAM + 2])).max() < 1.5 * inside


def test_a_hit_keeps_its_attack():
    hit = noise(0.4, 5)
    hit *= np.minimum(np.arange(hit.shape[1]) / (0.002 * RATE), 1.0) * np.exp(-np.arange(hit.shape[1]) / 2000)
    audio = filled(FLOW, noise(0.5, 6), hit, seed=1)
    np.testing.assert_allclose(audio[:, -hit.shape[1] :], hit, atol=1e-5)
    assert np.abs(audio[:, -hit.shape[1] - 5 : -hit.shape[1]]).max() < 0.01, "what was made makes way"


def test_the_seed_decides():
    sounds = [filled(SIZED, noise(0.5, 0), noise(0.5, 1), seed=seed) for seed in (3, 3, 4)]
    assert np.array_equal(sounds[0], sounds[1]) and not np.array_equal(sounds[0], sounds[2])


def test_what_can_not_be_filled():
    sound = noise(0.5, 0), RATE
    recurrent = make_prior(MODEL, recurrent=True)
    cases: list[tuple[type[AuricleError], str, object, dict]] = [
        (ModelError, "can't fill a gap", recurrent, {"between": (sound, sound)}),
        (OptionError, "a gap of 0.02 s: give 0.05 to 60", FLOW, {"between": (sound, sound), "seconds": 0.02}),
        (AudioError, "silent", FLOW, {"between": (sound, (np.zeros((1, RATE), np.float32), RATE))}),
        (AudioError, "lasts 0.010 s", FLOW, {"between": ((noise(0.01, 1), RATE), sound)}),
        (AudioError, "1 channel and .* 2", FLOW, {"between": (sound, (noise(0.5, 0, 2), RATE))}),
    ]
    for kind, message, prior, options in cases:
        with pytest.raises(kind, match=message):
            generate(prior, GenerationOptions(**options), model=MODEL)  # pyright: ignore[reportArgumentType]
    with pytest.raises(OptionError, match="continue and between exclude each other"):
        GenerationOptions(after=sound, between=(sound, sound))
