"""The autoencoder: front ends, blocks, bottlenecks, configuration and files."""

from auricle.model.autoencoder import Autoencoder, ModelInfo
from auricle.model.config import AutoencoderConfig, StageConfig, parse_config
from auricle.model.files.file import earlier, fingerprint, load, save, shipped

__all__ = [
    "Autoencoder",
    "AutoencoderConfig",
    "ModelInfo",
    "StageConfig",
    "earlier",
    "fingerprint",
    "load",
    "parse_config",
    "save",
    "shipped",
]
