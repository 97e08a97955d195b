"""Priors and their models that a process keeps, so that the second question is answered at once."""

from functools import lru_cache
from pathlib import Path

from auricle import PriorAndModel, load_prior_and_model

_MOST = 3


def loaded_prior(source: str | Path) -> PriorAndModel:
    """A shipped prior by its name, or one from a file, again if that was replaced; with its model."""
    return _loaded(source, Path(source).stat().st_mtime_ns if isinstance(source, Path) else 0)


@lru_cache(_MOST)
def _loaded(source: str | Path, stamp: int) -> PriorAndModel:
    return load_prior_and_model(source, None)
