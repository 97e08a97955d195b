"""Which shipped model is for which sounds; loads nothing, for those who only need the name."""

from collections.abc import Mapping

from auricle.options.field_types import check_arguments

_SPEECH_SAMPLE_RATE = 24_000


@check_arguments()
def default_model(sample_rate: int) -> str:
    """Name of the shipped model for sounds of a sample rate in Hz, where none is named: ``speech`` up to 24 kHz, else
    ``music``."""
    return "speech" if sample_rate <= _SPEECH_SAMPLE_RATE else "music"


def default_model_for(seconds_by_rate: Mapping[int, float]) -> str:
    """Name of the shipped model for several sounds together, where none is named: ``speech`` where it is for at least
    half of their length, else ``music``.

    Args:
        seconds_by_rate: length of all sounds of each sample rate in Hz.
    """
    speech = sum(seconds for rate, seconds in seconds_by_rate.items() if default_model(rate) == "speech")
    return "speech" if 2 * speech >= sum(seconds_by_rate.values()) else "music"
