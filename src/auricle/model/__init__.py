"""The autoencoder: front ends, blocks, bottlenecks, configuration and files.

Names are loaded when they are first used, so that `default_model` costs no torch.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from auricle.model.default_model import default_model, default_model_for

if TYPE_CHECKING:
    from auricle.model.autoencoder import Autoencoder, ModelInfo
    from auricle.model.config import AutoencoderConfig, StageConfig, parse_config
    from auricle.model.files.file import earlier, load, shipped
    from auricle.model.files.writing import fingerprint, save

__all__ = [
    "Autoencoder",
    "AutoencoderConfig",
    "ModelInfo",
    "StageConfig",
    "default_model",
    "default_model_for",
    "earlier",
    "fingerprint",
    "load",
    "parse_config",
    "save",
    "shipped",
]

_HOMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("Autoencoder", "ModelInfo"), "auricle.model.autoencoder"),
        **dict.fromkeys(("AutoencoderConfig", "StageConfig", "parse_config"), "auricle.model.config"),
        **dict.fromkeys(("earlier", "load", "shipped"), "auricle.model.files.file"),
        **dict.fromkeys(("fingerprint", "save"), "auricle.model.files.writing"),
    }
)


if not TYPE_CHECKING:  # for type checkers there are the imports above and no other names

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
