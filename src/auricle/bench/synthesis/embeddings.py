"""From a sound to the numbers in which sounds are compared."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import final

import numpy as np

from auricle.bench.synthesis.embedding_base import Embedding
from auricle.errors import OptionError
from auricle.metrics.spectral import SIZE, log_mel_statistics


@final
class LogMel(Embedding):
    """Log-mel statistics: no weights, nothing learned. See `auricle.metrics.log_mel_statistics`.

    Args:
        sample_rate: in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.name = f"log-mel at {sample_rate / 1000:g} kHz"
        self.about = f"{SIZE} statistics of a log-mel spectrogram, without weights"

    def missing(self) -> str | None:
        """None: it needs nothing."""
        return None

    def embed(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """One row for each sound."""
        return np.stack([log_mel_statistics(sound, self.sample_rate) for sound in sounds])


def _speech(sample_rate: int) -> Embedding:
    from auricle.bench.synthesis.speech import SpeechEmbedding

    return SpeechEmbedding()


EMBEDDINGS: Mapping[str, Callable[[int], Embedding]] = MappingProxyType({"log-mel": LogMel, "speech": _speech})
"""Makes each one, for the sample rate in Hz at which sounds are compared."""


def usable_embeddings(names: Sequence[str | Embedding], sample_rate: int) -> tuple[list[Embedding], list[str]]:
    """The embeddings that can be used, and why others can't.

    Args:
        names: names or embeddings; none stand for every one that can be used.
        sample_rate: in Hz, for those that have none of their own.

    Raises:
        OptionError: a name is unknown, or one that was named can't be used.
    """
    embeddings = [_embedding(name, sample_rate) for name in names or EMBEDDINGS]
    reasons = [(embedding, embedding.missing()) for embedding in embeddings]
    missing = [f"{embedding.name}: {reason}" for embedding, reason in reasons if reason]
    if missing and names:
        raise OptionError(f"can't embed by {missing[0]}")
    return [embedding for embedding, reason in reasons if not reason], [f"not measured by {text}" for text in missing]


def _embedding(name: str | Embedding, sample_rate: int) -> Embedding:
    if isinstance(name, Embedding):
        return name
    if name not in EMBEDDINGS:
        raise OptionError(f"no embedding is called {name!r}: choose from {', '.join(EMBEDDINGS)}")
    return EMBEDDINGS[name](sample_rate)
