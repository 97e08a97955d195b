"""Which autoencoder a verb of synthesis uses."""

from pathlib import Path

from auricle.model import Autoencoder, load

SPEECH_RATE = 24_000
"""Sounds up to this rate in Hz go to the speech model unless one is named, as in compression."""


def model_for(model: Autoencoder | Path | str | None, sample_rate: int) -> Autoencoder:
    """A model itself, the one of that name or file, or the shipped one for sounds of that rate.

    Raises:
        ModelError: no such model.
    """
    if isinstance(model, Autoencoder):
        return model
    if model is None:
        model = "speech" if sample_rate <= SPEECH_RATE else "music"
    return load(model)
