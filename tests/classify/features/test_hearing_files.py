"""What was learned for a model lies beside it: verbs use it, classifiers and indexes remember it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from small_sounds import KINDS, RATE, sound

from auricle.classify.classifier import Classifier
from auricle.classify.features.extract import features
from auricle.classify.features.hearing import HearingFeatures, model_features
from auricle.classify.features.hearing_file import HearingOrigin, hearing_path, load_hearing, save_hearing
from auricle.classify.features.latents import encoder_fingerprint
from auricle.classify.features.patches import PatchDictionary, hearing_map
from auricle.classify.search.index import index
from auricle.classify.search.similar import similar
from auricle.errors import ModelError, OptionError
from auricle.model import load
from auricle.options.classification import ClassifierOptions, FeatureOptions, IndexOptions, SearchOptions
from model.forged import assert_each_flipped_bit_is_refused

LATENTS = FeatureOptions(features="latents")


@pytest.fixture
def model(model_file: Path, tmp_path: Path) -> Path:
    """A model that has a hearing file beside it."""
    path = Path(shutil.copy(model_file, tmp_path / "own.auricle.safetensors"))
    maps = [hearing_map(sound(kind, seed), RATE) for kind in KINDS for seed in range(4)]
    origin = HearingOrigin(model="tiny", encoder=encoder_fingerprint(load(path)), sample_rate=RATE)
    save_hearing(PatchDictionary.learn(maps, patches=600), origin, hearing_path(path))
    return path


def test_a_file_gives_back_what_was_learned_and_damage_is_told(model: Path):
    path = hearing_path(model)
    dictionary, origin = load_hearing(path)
    assert dictionary.kernels.shape == (192, 128) and origin.model == "tiny"
    assert_each_flipped_bit_is_refused(path, load_hearing, 40)


def test_models_with_such_a_file_hear_by_default(model: Path, model_file: Path, sounds: Path):
    notes: list[str] = []
    heard, plain = features(sounds, model, on_note=notes.append), features(sounds, model, options=LATENTS)
    assert heard.values.shape[1] > plain.values.shape[1] and not notes
    assert np.array_equal(heard.values[:, -plain.values.shape[1] :], plain.values)
    alone = features(sounds, model_file, on_note=notes.append)
    assert np.array_equal(alone.values, plain.values)
    assert len(notes) == 1 and "no hearing file" in notes[0]
    with pytest.raises(ModelError, match="no hearing file"):
        model_features(model_file, kind="hearing")
    with pytest.raises(OptionError, match="choose hearing or latents"):
        model_features(model_file, kind="both")  # pyright: ignore[reportArgumentType]


def test_one_of_another_encoder_is_not_used(model: Path, sounds: Path):
    dictionary, origin = load_hearing(hearing_path(model))
    save_hearing(dictionary, origin.model_copy(update={"encoder": "0" * 64}), hearing_path(model), force=True)
    notes: list[str] = []
    assert model_features(model, on_note=notes.append).kind == "latents"
    assert len(notes) == 1 and "belongs to the encoder 0000" in notes[0]
    with pytest.raises(ModelError, match="belongs to the encoder"):
        model_features(model, kind="hearing")


def test_a_classifier_remembers_what_it_heard_with(model: Path, sounds: Path, tmp_path: Path):
    path = tmp_path / "a.classifier.safetensors"
    fitted = Classifier.fit(sounds, model)
    fitted.save(path)
    hearing_path(model).unlink()
    loaded = Classifier.load(path, model)
    assert loaded.metadata.features == "hearing" and isinstance(loaded.extractor, HearingFeatures)
    assert loaded.predict(sounds).sounds == fitted.predict(sounds).sounds
    assert Classifier.fit(sounds, model, options=ClassifierOptions(features="latents")).metadata.features == "latents"
    assert_each_flipped_bit_is_refused(path, lambda file: Classifier.load(file, model), 20)


def test_an_index_remembers_what_it_heard_with(model: Path, sounds: Path, tmp_path: Path):
    path = tmp_path / "all.index"
    index(sounds, path, model=model)
    hearing_path(model).unlink()
    query = sounds / "tone" / "tone1_maker1.wav"
    assert similar(query, path, model=model).hits[0].name.startswith("sounds/tone/")
    with pytest.raises(OptionError, match="has features hearing"):
        similar(query, path, model=model, options=SearchOptions(features="latents"))
    shutil.copy(query, sounds / "again.wav")
    assert index(sounds, path, model=model).fresh == 1
    index(sounds, path, model=model, options=IndexOptions(features="latents", force=True))
    assert similar(query, path, model=model).hits[0].name == "sounds/again.wav"
