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
    from auricle.api.runs import Watcher
    from auricle.api.train import Trained, train
    from auricle.audio import read
    from auricle.audio.write import write
    from auricle.bench.benchmark import benchmark
    from auricle.bench.results import BenchmarkResult
    from auricle.check import doctor
    from auricle.codec import (
        Compressed,
        Decompressed,
        Repaired,
        SoundLimits,
        Verified,
        compress,
        decompress,
        repair,
        verify,
    )
    from auricle.codec.container import Packet
    from auricle.codec.packets import Decoder, Encoder
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
    "BenchmarkResult",
    "Compressed",
    "ConfigError",
    "DataError",
    "Decoder",
    "Decompressed",
    "Encoder",
    "FormatError",
    "Machine",
    "MachineError",
    "ModelError",
    "ModelInfo",
    "OptionError",
    "OutputError",
    "Packet",
    "Repaired",
    "SoundLimits",
    "Trained",
    "Verified",
    "Watcher",
    "benchmark",
    "compress",
    "decompress",
    "doctor",
    "info",
    "load",
    "read",
    "repair",
    "train",
    "verify",
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
_CODEC = (
    "Compressed",
    "Decompressed",
    "Repaired",
    "SoundLimits",
    "Verified",
    "compress",
    "decompress",
    "repair",
    "verify",
)
_HOMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_ERRORS, "auricle.errors"),
        **dict.fromkeys(("Autoencoder", "ModelInfo", "load"), "auricle.model"),
        **dict.fromkeys(_CODEC, "auricle.codec"),
        **dict.fromkeys(("Decoder", "Encoder"), "auricle.codec.packets"),
        "Packet": "auricle.codec.container",
        **dict.fromkeys(("Trained", "train"), "auricle.api.train"),
        "Watcher": "auricle.api.runs",
        "BenchmarkResult": "auricle.bench.results",
        "Machine": "auricle.training",
        "benchmark": "auricle.bench.benchmark",
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
