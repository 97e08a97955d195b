import pytest
from codec_helpers import make_model

from auricle.model import Autoencoder


@pytest.fixture(scope="session")
def tiny() -> Autoencoder:
    return make_model(strided=False)


@pytest.fixture(scope="session")
def strided() -> Autoencoder:
    return make_model(strided=True, name="tiny-strided", seed=1)
