"""Auricle: one audio autoencoder, three jobs. This module is the public API.

    import auricle

    auricle.train("sounds/", out="mine.auricle.safetensors", budget="20m")
    auricle.compress("talk.flac", "talk.aur", model="speech", kbps=3)
    auricle.decompress("talk.aur", "talk.wav")

Every name is loaded when it is first used: ``import auricle`` itself takes milliseconds and loads neither torch nor
numpy.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auricle.api import Trained, Watcher, train
    from auricle.audio import read
    from auricle.audio.write import write
    from auricle.check import doctor
    from auricle.codec import Compressed, Decompressed, compress, decompress
    from auricle.describe import info
    from auricle.errors import (
        AudioError,
        AuricleError,
        ConfigError,
        DataError,
        FormatError,
        MachineError,
        ModelError,
        OptionError,
        OutputError,
    )
    from auricle.model import Autoencoder, ModelInfo, load
    from auricle.training import Machine

__version__ = "0.1.0"

__all__ = [
    "AudioError",
    "AuricleError",
    "Autoencoder",
    "Compressed",
    "ConfigError",
    "DataError",
    "Decompressed",
    "FormatError",
    "Machine",
    "MachineError",
    "ModelError",
    "ModelInfo",
    "OptionError",
    "OutputError",
    "Trained",
    "Watcher",
    "compress",
    "decompress",
    "doctor",
    "info",
    "load",
    "read",
    "train",
    "write",
]

_ERRORS = (
    "AudioError",
    "AuricleError",
    "ConfigError",
    "DataError",
    "FormatError",
    "MachineError",
    "ModelError",
    "OptionError",
    "OutputError",
)
_HOMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_ERRORS, "auricle.errors"),
        **dict.fromkeys(("Autoencoder", "ModelInfo", "load"), "auricle.model"),
        **dict.fromkeys(("Compressed", "Decompressed", "compress", "decompress"), "auricle.codec"),
        **dict.fromkeys(("Trained", "Watcher", "train"), "auricle.api"),
        "Machine": "auricle.training",
        "doctor": "auricle.check",
        "info": "auricle.describe",
        "read": "auricle.audio",
        "write": "auricle.audio.write",
    }
)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'auricle' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))
