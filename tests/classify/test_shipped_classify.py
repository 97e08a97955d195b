"""What is shipped for hearing belongs to the models that are shipped."""

from pathlib import Path

import pytest

from auricle.classify.classifier import Classifier
from auricle.classify.classifier_file import shipped_classifiers
from auricle.classify.features.hearing_file import hearing_path, load_hearing
from auricle.classify.features.latents import encoder_fingerprint
from auricle.model import load, shipped


@pytest.mark.parametrize("name", sorted(shipped()))
def test_hearing_files_belong_to_their_models(name: str):
    path = hearing_path(name)
    if not path.is_file():
        pytest.skip("no hearing file is shipped for it: recipes/dependents.py makes one")
    _, origin = load_hearing(path)
    assert (origin.model, origin.encoder) == (name, encoder_fingerprint(load(name)))
    assert origin.licence and origin.data


def test_a_shipped_classifier_works_at_once(tone_file: Path):
    if "environment" not in shipped_classifiers():
        pytest.skip("no classifier is shipped: recipes/dependents.py makes one")
    classifier = Classifier.load("environment")
    assert len(classifier.classes) == 10 and classifier.metadata.info.licence == "Apache-2.0"
    assert classifier.predict(tone_file).sounds[0].guesses[0].probability > 0
