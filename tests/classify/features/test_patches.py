from pathlib import Path

import numpy as np
import pytest
from small_sounds import KINDS, RATE, sound

from auricle.classify.features.hearing import HearingFeatures
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.patches import PatchDictionary, PatchFeatures, hearing_map
from auricle.classify.features.pooling import FeatureConfig
from auricle.model import load


@pytest.fixture(scope="module")
def dictionary() -> PatchDictionary:
    return PatchDictionary.learn(
        [hearing_map(sound(kind, seed), RATE) for kind in KINDS for seed in range(4)], patches=600
    )


def test_learning_is_the_same_each_time(dictionary: PatchDictionary):
    maps = [hearing_map(sound(kind, seed), RATE) for kind in KINDS for seed in range(4)]
    assert np.array_equal(PatchDictionary.learn(maps, patches=600).kernels, dictionary.kernels)


@pytest.mark.parametrize("in_order", [False, True])
def test_sounds_of_one_kind_are_nearer_than_others(dictionary: PatchDictionary, in_order: bool):
    extractor = PatchFeatures(dictionary, RATE, in_order=in_order)
    values = {kind: [extractor.mono_features(sound(kind, seed)) for seed in (50, 51)] for kind in KINDS}
    for kind in KINDS:
        own = np.linalg.norm(values[kind][0] - values[kind][1])
        assert all(own < np.linalg.norm(values[kind][0] - values[other][0]) for other in KINDS if other != kind)


@pytest.mark.parametrize("segments", [1, 8])
def test_windows_hear_what_whole_sounds_hear(dictionary: PatchDictionary, segments: int, model_file: Path):
    config = FeatureConfig(segments=segments, overlap=2.0 if segments > 1 else 0.0)
    extractor = HearingFeatures(LatentFeatures(load(model_file), config), dictionary)
    audio = np.concatenate([sound(kind, 7, 2.0) for kind in KINDS])
    windows = extractor.of_equal_windows(audio, [RATE // 2, 5 * RATE // 2, 9 * RATE // 2], RATE)
    assert windows.shape == (3, extractor.window_size) and np.isfinite(windows).all()
    apart = np.linalg.norm(windows[:, None] - windows[None], axis=2)
    same = [np.linalg.norm(extractor.of_equal_windows(audio, [at], RATE)[0] - windows[0]) for at in (RATE // 2,)]
    assert apart[0, 1] > 0.5 and apart[1, 2] > 0.5 and same[0] < 1e-3


def test_silence_and_very_short_sounds_have_features(dictionary: PatchDictionary, model_file: Path):
    extractor = HearingFeatures(LatentFeatures(load(model_file)), dictionary)
    for audio in (np.zeros(RATE, np.float32), np.ones(1, np.float32)):
        assert np.isfinite(extractor.mono_features(audio)).all()
        assert np.isfinite(extractor.of_equal_windows(audio, [0], len(audio))).all()
