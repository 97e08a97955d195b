"""Priors that a process keeps, so that the second question is answered at once."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from auricle import load_prior

if TYPE_CHECKING:
    from auricle.synth.priors.base import Prior

_MOST = 3


@lru_cache(_MOST)
def loaded_prior(name: str | Path) -> "Prior":
    """A shipped prior by its name, or one from a file."""
    return load_prior(name)
