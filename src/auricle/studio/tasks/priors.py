"""Priors and their models that a process keeps, so that the second question is answered at once."""

from functools import lru_cache
from pathlib import Path

from auricle import PriorAndModel, load_prior_and_model

_MOST = 3


@lru_cache(_MOST)
def loaded_prior(name: str | Path) -> PriorAndModel:
    """A shipped prior by its name, or one from a file, with its model."""
    return load_prior_and_model(name, None)
