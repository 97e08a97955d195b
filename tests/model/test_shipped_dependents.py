"""What stands on a shipped model's latents was made for the model that is shipped now."""

from pathlib import Path

import pytest

from auricle.model import fingerprint, load, shipped
from auricle.model.files.file import pretrained
from auricle.synth.priors.file import SUFFIX, load_prior

PRIORS = sorted(pretrained().glob(f"*{SUFFIX}"))


@pytest.mark.parametrize("path", PRIORS, ids=lambda path: path.name)
def test_a_shipped_prior_belongs_to_a_model_that_is_shipped(path: Path):
    fingerprints = {name: fingerprint(load(model)) for name, model in shipped().items()}
    prior = load_prior(path)
    assert fingerprints[prior.origin.model] == prior.fingerprint, "run recipes/dependents.py"


def test_a_prior_is_shipped():
    assert PRIORS
