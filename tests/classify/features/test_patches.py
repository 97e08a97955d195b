from pathlib import Path

import numpy as np
import pytest
from small_sounds import KINDS, RATE, sound

from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.patches import HearingFeatures, PatchDictionary, hearing_map
from auricle.classify.features.pooling import FeatureConfig
from auricle.errors import ModelError
from auricle.model import load


@pytest.fixture(scope="module")
def dictionary() -> PatchDictionary:
    return PatchDictionary.learn(
        [hearing_map(sound(kind, seed), RATE) for kind in KINDS for seed in range(4)], patches=600
    )


def test_learning_is_the_same_each_time(dictionary: PatchDictionary):
    maps = [hearing_map(sound(kind, seed), RATE) for kind in KINDS for seed in range(4)]
    assert np.array_equal(PatchDictionary.learn(maps, patches=600).kernels, dictionary.kernels)


@pytest.mark.parametrize("segments", [1, 8])
def test_sounds_of_one_kind_are_nearer_than_others(dictionary: PatchDictionary, segments: int, model_file: Path):
    latents = LatentFeatures(load(model_file), FeatureConfig(segments=segments))
    extractor = HearingFeatures(latents, dictionary)
    size = extractor.size - latents.size
    values = {kind: [extractor.mono_features(sound(kind, seed))[:size] for seed in (50, 51)] for kind in KINDS}
    for kind in KINDS:
        own = np.linalg.norm(values[kind][0] - values[kind][1])
        assert all(own < np.linalg.norm(values[kind][0] - values[other][0]) for other in KINDS if other != kind)


def test_silence_and_very_short_sounds_have_features(dictionary: PatchDictionary, model_file: Path):
    extractor = HearingFeatures(LatentFeatures(load(model_file)), dictionary)
    for audio in (np.zeros(RATE, np.float32), np.ones(1, np.float32)):
        assert np.isfinite(extractor.mono_features(audio)).all()


def test_a_file_gives_back_what_was_learned_and_damage_is_told(dictionary: PatchDictionary, tmp_path: Path):
    path = tmp_path / "small.hearing.safetensors"
    dictionary.save(path)
    assert np.array_equal(PatchDictionary.load(path).kernels, dictionary.kernels)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError):
        PatchDictionary.load(path)
