"""What an embedding of sounds is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np


class Embedding(ABC):
    """A named map from sounds to vectors. Figures of two embeddings are not comparable.

    Attributes:
        name: for tables; it names everything that decides the figures.
        about: what it is and where it comes from, in one line.
        sample_rate: at which it takes sounds, in Hz.
    """

    name: str
    about: str
    sample_rate: int

    @abstractmethod
    def missing(self) -> str | None:
        """Why it can't be used here, and what to do; None if it can."""

    @abstractmethod
    def embed(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """Embed float32 sounds ``(t,)``, each with t at least 1: float32 ``(b, d)``."""
