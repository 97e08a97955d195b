"""Models and priors that a process keeps, so that the second question is answered at once."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from auricle import Autoencoder, load, load_prior

if TYPE_CHECKING:
    from auricle.synth.priors.base import Prior

_KEPT = 3


@lru_cache(_KEPT)
def loaded_model(name: str | Path) -> Autoencoder:
    """A shipped model by its name, or one from a file."""
    return load(name)


@lru_cache(_KEPT)
def loaded_prior(name: str | Path) -> "Prior":
    """A shipped prior by its name, or one from a file."""
    return load_prior(name)
