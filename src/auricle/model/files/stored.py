"""What stands in a model file, checked before it is believed: a model may come from a stranger.

Nothing is allocated that the file's own size does not pay for: sizes, texts, names, types and shapes are compared with
what the configuration asks for before a tensor is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from pydantic import ValidationError

from auricle.errors import ConfigError, ModelError
from auricle.model.autoencoder import Autoencoder, ModelInfo
from auricle.model.config import AutoencoderConfig, describe, parse_config, printable
from auricle.model.files.untrusted import (
    Described,
    blank,
    check_described,
    check_finite,
    check_stated,
    described,
    opened,
    printed,
    short,
)

FORMAT = "auricle-model"
VERSION = 1
SUFFIX = ".auricle.safetensors"
TABLES = "tables."
_NOUN = "model"
_LONGEST_LAG_SECONDS = 60
_TABLE_TYPES = {"counts": "U16", "mean": "I32", "scale": "I32", "floor": "I32", "thresholds": "I32", "symbol": "I32"}


@final
@dataclass(frozen=True)
class Words:
    """The metadata of a model file."""

    config: AutoencoderConfig
    info: ModelInfo
    fingerprint: str
    """What the file says its contents have: 64 hexadecimal digits, not checked."""


def read_words(path: Path) -> Words:
    """Read the metadata alone.

    Raises:
        ModelError: the file is malformed or of a newer version.
        ConfigError: its configuration is not one.
    """
    with opened(path, _NOUN, SUFFIX) as file:
        return _words(path, file.metadata() or {})


def read_stored(path: Path) -> tuple[Words, dict[str, np.ndarray]]:
    """Read metadata and arrays; the arrays have the types and shapes that the config asks for, and are finite.

    Tables (``tables.*``) are there all or none, in the right types; their shapes and values are not checked.

    Raises:
        ModelError: as `read_words`; or an array is missing, unknown, of another type or shape, or not finite.
        ConfigError: as `read_words`.
    """
    with opened(path, _NOUN, SUFFIX) as file:
        words = _words(path, file.metadata() or {})
        found = described(file)
        _check_arrays(path, words.config, found)
        arrays = {name: file.get_tensor(name) for name in found}
    check_finite(path, arrays)
    return words, arrays


def _words(path: Path, metadata: Mapping[str, str]) -> Words:
    if metadata.get("format") != FORMAT or not short(metadata):
        raise ModelError(f"{path} is a safetensors file but not an Auricle model: use a {SUFFIX} file")
    if metadata.get("version") != str(VERSION):
        version = printable(metadata.get("version", "none"))
        raise ModelError(f"{path} has model version {version}, known is {VERSION}: update Auricle")
    missing = {"config", "info", "fingerprint"} - metadata.keys()
    if missing:
        raise ModelError(f"{path} lacks {', '.join(sorted(missing))} in its metadata: save it again")
    stated = check_stated(path, metadata["fingerprint"])
    try:
        config = parse_config(metadata["config"])
        info = ModelInfo.model_validate_json(metadata["info"])
        info = ModelInfo.model_validate(printed(info.model_dump()))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        raise ModelError(f"{path}: {describe(error)}") from error
    return Words(config, info, stated)


def _check_arrays(path: Path, config: AutoencoderConfig, found: Described) -> None:
    """Compare with what the config asks for, before anything is allocated."""
    asked = sum(len(stage.blocks) for stage in (*config.encoder, *config.decoder))
    if asked > len(found):
        raise ModelError(f"{path}: its config asks for {asked} blocks, it holds {len(found)} tensors: it is damaged")
    tables = {name.removeprefix(TABLES): kind for name, (kind, _) in found.items() if name.startswith(TABLES)}
    if tables and tables != _TABLE_TYPES:
        raise ModelError(f"{path}: its tables are incomplete or of a wrong type: the file is damaged")
    wanted = {
        name: (_stored_type(name, tensor.dtype), tuple(tensor.shape))
        for name, tensor in blank_model(path, config).state_dict().items()
    }
    check_described(path, wanted, {name: value for name, value in found.items() if not name.startswith(TABLES)})


def _stored_type(name: str, dtype: torch.dtype) -> str:
    types = {torch.float32: "F32" if name.endswith(".deviation") else "F16", torch.bool: "BOOL", torch.int64: "I64"}
    return types[dtype]


def blank_model(path: Path, config: AutoencoderConfig) -> Autoencoder:
    """A model without memory for its weights.

    Raises:
        ModelError: the configuration describes none that can be built.
    """
    with blank(path):
        model = Autoencoder(config)
    if model.lag > _LONGEST_LAG_SECONDS * config.sample_rate:
        raise ModelError(f"{path}: its config asks for a latency of {model.lag} samples, more than a minute")
    return model
