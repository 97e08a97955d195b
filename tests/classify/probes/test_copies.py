"""Altered copies of sounds: what they are, and that a probe learns from them and is not judged by them."""

from pathlib import Path

import numpy as np
import pytest
from small_sounds import RATE, sound

from auricle.classify.classifier import Classifier
from auricle.classify.evaluation.compare import evaluate_classifier
from auricle.classify.features.extract import extract, list_sounds
from auricle.classify.features.mel_baselines import LogMelFeatures
from auricle.classify.probes.copies import (
    ALTERATIONS,
    Alteration,
    AlteredFeatures,
    features_of_copies,
)
from auricle.classify.probes.kinds import probe_of_kind
from auricle.errors import OptionError
from auricle.options.classification import CacheOptions, ClassifierOptions, CrossValidationOptions


def test_a_faster_copy_is_shorter_and_higher_and_always_the_same() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
    copy = Alteration(1.25, echo=0.3, noise_db=-40.0)(tone, 16_000)
    spectrum = np.abs(np.fft.rfft(copy))
    assert copy.dtype == np.float32 and len(copy) == 12_800
    assert spectrum.argmax() * 16_000 / len(copy) == pytest.approx(550, abs=2)
    assert (copy == Alteration(1.25, echo=0.3, noise_db=-40.0)(tone, 16_000)).all()


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_sounds_of_any_length_have_copies(alteration: Alteration) -> None:
    for length in (1, 2, 100):
        assert len(alteration(np.ones(length, np.float32), 8000)) >= 1
    assert np.isfinite(alteration(np.zeros(500, np.float32), 8000)).all()


def test_copies_have_places_of_their_own_in_the_cache(sounds: Path, tmp_path: Path) -> None:
    extractor, caching = LogMelFeatures(RATE), CacheOptions(cache=tmp_path / "cache")
    listed, _ = list_sounds(sounds)
    originals = extract(listed, extractor, caching=caching)
    first, second = features_of_copies(listed, extractor, originals, 2, caching=caching)
    assert first.shape == second.shape == originals.values.shape
    assert not np.allclose(first, second) and not np.allclose(first, originals.values)
    identities = {extractor.identity, *(AlteredFeatures(extractor, part).identity for part in ALTERATIONS)}
    assert len(identities) == 1 + len(ALTERATIONS) and len(list((tmp_path / "cache").iterdir())) == 3
    again = features_of_copies(listed, extractor, originals, 2, caching=caching)
    assert (again[0] == first).all() and features_of_copies(listed, extractor, originals, 0) == []


def test_a_probe_learns_from_copies_and_is_judged_without() -> None:
    """Classes lie apart along two axes; copies say that the wider one means nothing."""
    random = np.random.default_rng(0)
    labels = ["a", "b"] * 10
    values = np.column_stack([np.tile([-0.2, 0.2], 10), np.tile([-1.0, 1.0], 10)]) + 0.05 * random.normal(size=(20, 2))
    copies = [values * [1, -1], values * [1, 0.5]]
    new = np.array([[-0.2, 1.0], [0.2, -1.0]])
    without = probe_of_kind("ridge").fit(values, labels)
    with_copies = probe_of_kind("ridge").fit(values, labels, copies=copies)
    assert without.probabilities(new).argmax(1).tolist() == [1, 0]
    assert with_copies.probabilities(new).argmax(1).tolist() == [0, 1]
    choice = probe_of_kind("ridge").choose(values, labels, copies=copies)
    assert choice.right is not None and len(choice.right) == len(values)


def test_too_many_copies_are_refused() -> None:
    with pytest.raises(OptionError, match="9 copies"):
        ClassifierOptions(copies=9)


def test_a_classifier_says_from_how_many_copies_it_learned(sounds: Path, model_file: Path, tmp_path: Path) -> None:
    classifier = Classifier.fit(sounds, model_file, options=ClassifierOptions(copies=1))
    classifier.save(tmp_path / "a.classifier.safetensors")
    loaded = Classifier.load(tmp_path / "a.classifier.safetensors", model_file)
    assert loaded.metadata.copies == 1
    assert loaded.predict((sound("tone", 900), RATE)).sounds[0].guesses[0].label == "tone"


def test_baselines_learn_from_as_many_copies(sounds: Path, model_file: Path) -> None:
    options = CrossValidationOptions(folds=3, copies=1)
    compared = evaluate_classifier(sounds, model_file, options=options)
    assert len(compared.baselines) > 2 and compared.evaluation.accuracy.value > 0.8
