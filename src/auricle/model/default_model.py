"""Which shipped model is for which sounds; loads nothing, for those who only need the name."""

_SPEECH_SAMPLE_RATE = 24_000


def default_model(sample_rate: int) -> str:
    """Name of the shipped model for sounds of a sample rate in Hz, where none is named: ``speech`` up to 24 kHz, else
    ``music``."""
    return "speech" if sample_rate <= _SPEECH_SAMPLE_RATE else "music"
