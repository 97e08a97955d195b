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
        rate: in Hz.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.name = f"log-mel at {rate / 1000:g} kHz"
        self.about = f"{SIZE} statistics of a log-mel spectrogram, without weights"

    def missing(self) -> str | None:
        """None: it needs nothing."""
        return None

    def of(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """One row for each sound."""
        return np.stack([log_mel_statistics(sound, self.rate) for sound in sounds])


def _speech(rate: int) -> Embedding:
    from auricle.bench.synthesis.speech import SpeechEmbedding

    return SpeechEmbedding()


EMBEDDINGS: Mapping[str, Callable[[int], Embedding]] = MappingProxyType({"log-mel": LogMel, "speech": _speech})
"""Makes each one, for the rate in Hz at which sounds are judged."""


def chosen(wanted: Sequence[str | Embedding] | None, rate: int) -> tuple[list[Embedding], list[str]]:
    """The embeddings that were asked for and can be used, and why others can't.

    Args:
        wanted: names or embeddings; by default every one that can be used.
        rate: in Hz, for those that have none of their own.

    Raises:
        OptionError: a name is unknown, or one that was asked for can't be used.
    """
    made = [_made(each, rate) for each in (EMBEDDINGS if wanted is None else wanted)]
    reasons = [(each, each.missing()) for each in made]
    absent = [f"{each.name}: {reason}" for each, reason in reasons if reason]
    if absent and wanted is not None:
        raise OptionError(f"can't embed by {absent[0]}")
    return [each for each, reason in reasons if not reason], [f"not measured by {told}" for told in absent]


def _made(wanted: str | Embedding, rate: int) -> Embedding:
    match wanted:
        case Embedding():
            return wanted
        case _ if wanted in EMBEDDINGS:
            return EMBEDDINGS[wanted](rate)
        case _:
            raise OptionError(f"no embedding is called {wanted!r}: choose from {', '.join(EMBEDDINGS)}")
