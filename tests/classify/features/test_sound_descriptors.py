"""Descriptors: what they say of sounds whose tones, decays and noise are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from auricle.classify.features.descriptors import DescriptorFeatures, decays, tonality, tones
from auricle.classify.features.hearing import HearingFeatures
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.patches import PatchDictionary
from auricle.model import load

RATE = 16_000
_SECONDS = np.arange(RATE) / RATE


def _tone(frequency: float, decay: float = 0.0) -> torch.Tensor:
    """A second of a tone that falls by so many dB a second."""
    return torch.from_numpy((np.sin(2 * np.pi * frequency * _SECONDS) * 10 ** (-decay * _SECONDS / 20)).astype("f4"))


@pytest.mark.parametrize("frequency", [60.0, 240.0, 960.0])
def test_the_loudest_tone_is_the_one_that_sounds(frequency: float):
    mean_level = tones(_tone(frequency), RATE).reshape(4, -1)[3]
    assert 30 * 2 ** (mean_level.argmax() / 7) == pytest.approx(frequency, rel=0.06)


def test_a_kick_and_a_low_tom_are_told_apart():
    kick, tom = (tones(_tone(frequency), RATE).reshape(4, -1)[0] for frequency in (55.0, 90.0))
    assert kick.argmax() != tom.argmax()


@pytest.mark.parametrize("decay", [60.0, 120.0])
def test_decays_are_as_long_as_the_sound_rings(decay: float):
    whole = decays(_tone(1000.0, decay), RATE)
    bands = len(whole) // 9
    falls = 2.0 ** whole[: 7 * bands].reshape(bands, 7)[-1, :4]
    assert falls == pytest.approx(np.array([10, 20, 30, 40]) / decay, abs=0.015)


def test_decays_do_not_depend_on_where_silence_is_cut():
    hit = _tone(200.0, 120.0)
    longer = torch.nn.functional.pad(hit, (0, RATE))
    assert decays(hit, RATE) == pytest.approx(decays(longer, RATE), abs=0.05)


def test_tones_are_peaked_and_noise_is_flat():
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal(RATE).astype("f4"))
    of_tone, of_noise = tonality(_tone(440.0), RATE), tonality(noise, RATE)
    flatness_of_all = len(of_tone) - 6 - 5
    assert of_tone[flatness_of_all] < of_noise[flatness_of_all] - 3
    assert of_tone[-6] > 0.95 > 0.6 > of_noise[-6]
    assert 2 ** of_tone[-3] == pytest.approx(440, rel=0.03)


@pytest.mark.parametrize("rate", [4_000, 8_000, 16_000, 44_100, 96_000])
@pytest.mark.parametrize(
    "make",
    [
        lambda rate: np.zeros(rate, np.float32),
        lambda rate: np.ones(1, np.float32),
        lambda rate: np.full(rate // 10, 0.5, np.float32),
        lambda rate: 1e-6 * np.random.default_rng(1).standard_normal(rate).astype(np.float32),
    ],
    ids=["silence", "one sample", "constant", "faint noise"],
)
def test_any_sound_has_descriptors_of_one_size(make: Callable[[int], np.ndarray], rate: int):
    extractor = DescriptorFeatures(rate)
    values = extractor.mono_features(make(rate))
    assert values.shape == (extractor.size,) and values.dtype == np.float32 and np.isfinite(values).all()


def test_level_does_not_matter():
    extractor, audio = DescriptorFeatures(RATE), _tone(300.0, 30.0).numpy()
    assert extractor.mono_features(audio) == pytest.approx(extractor.mono_features(0.05 * audio), abs=0.01)


def test_they_count_as_three_tenths_of_the_features_that_hear(model_file: Path):
    extractor = HearingFeatures(LatentFeatures(load(model_file)), PatchDictionary.random())
    descriptors = DescriptorFeatures(extractor.sample_rate).size
    assert extractor.emphasis is not None and extractor.emphasis.shape == (extractor.size,)
    assert extractor.emphasis.mean() == pytest.approx(1)
    assert np.sort(extractor.emphasis)[-descriptors:].sum() == pytest.approx(0.3 * extractor.size, rel=1e-3)
    assert extractor.window_size == extractor.size - descriptors
