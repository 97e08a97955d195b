"""The tag that says how a sound was made."""

from collections.abc import Mapping

_SOURCE_TYPE = "trainedAlgorithmicMedia"
"""IPTC's digital source type of media that a trained model made (cv.iptc.org/newscodes/digitalsourcetype)."""

_UNTRAINED_SOURCE_TYPE = "algorithmicMedia"
"""The same of media that an algorithm made without having been trained on others."""


def algorithm_provenance(verb: str) -> dict[str, str]:
    """Tags of a sound that no model made."""
    return {"comment": f"{_UNTRAINED_SOURCE_TYPE}: made with auricle {verb}"}


def model_provenance(verb: str, details: Mapping[str, object]) -> dict[str, str]:
    """Tags of a sound: IPTC's word for it, how it was made, and with what."""
    facts = ", ".join(f"{name} {value}" for name, value in details.items() if value is not None)
    return {"comment": f"{_SOURCE_TYPE}: made by a model with auricle {verb}: {facts}"}
