"""The tag that says that a sound was made by a model."""

from collections.abc import Mapping

_SOURCE_TYPE = "trainedAlgorithmicMedia"
"""IPTC's digital source type of media that a trained model made (cv.iptc.org/newscodes/digitalsourcetype)."""


def made_by_model(verb: str, details: Mapping[str, object]) -> dict[str, str]:
    """Tags of a sound: IPTC's word for it, how it was made, and with what."""
    facts = ", ".join(f"{name} {value}" for name, value in details.items() if value is not None)
    return {"comment": f"{_SOURCE_TYPE}: made by a model with auricle {verb}: {facts}"}
