"""What stands in a model file, checked before it is believed: a model may come from a stranger.

Nothing is allocated that the file's own size does not pay for: sizes, texts, names, types and shapes are compared with
what the configuration asks for before a tensor is read.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from pydantic import ValidationError
from torch.overrides import TorchFunctionMode

from auricle.errors import ConfigError, ModelError
from auricle.model.autoencoder import Autoencoder, ModelInfo
from auricle.model.config import AutoencoderConfig, describe, parse_config
from auricle.model.files.tensor_file import (
    Layout,
    check_digest,
    check_layout,
    open_tensor_file,
    without_control_characters,
)
from auricle.model.files.writing import MODEL_FILE, TABLES

_LONGEST_LAG_SECONDS = 60
_INTEGER_TYPES = {torch.bool: "BOOL", torch.uint8: "U8", torch.int16: "I16", torch.int32: "I32", torch.int64: "I64"}
_TABLE_TYPES = {"counts": "U16", "mean": "I32", "scale": "I32", "floor": "I32", "thresholds": "I32", "symbol": "I32"}


@final
@dataclass(frozen=True)
class ModelMetadata:
    """The metadata of a model file.

    Attributes:
        config: shape of the model.
        info: name and origin.
        fingerprint: what the file says its contents have: 64 hexadecimal digits, not checked.
    """

    config: AutoencoderConfig
    info: ModelInfo
    fingerprint: str


def read_model_metadata(path: Path) -> ModelMetadata:
    """Read the metadata alone.

    Raises:
        ModelError: the file is malformed or of a newer version.
        ConfigError: its configuration is not one.
    """
    with open_tensor_file(path, MODEL_FILE) as file:
        return _parsed(path, file.metadata)


def read_model(path: Path, *, allow_edited: bool = False) -> tuple[ModelMetadata, dict[str, np.ndarray]]:
    """Read metadata and arrays; the arrays have the types and shapes that the config asks for, and are finite.

    Tables (``tables.*``) are there all or none, in the right types; their shapes and values are not checked.

    Raises:
        ModelError: as `read_model_metadata`; or an array is missing, unknown, of another type or shape, or not finite;
            or anything has changed since the file was written, and ``allow_edited`` is false.
        ConfigError: as `read_model_metadata`.
    """
    with open_tensor_file(path, MODEL_FILE) as file:
        metadata = _parsed(path, file.metadata)
        _check_layout(path, metadata.config, file.layout)
        return metadata, file.read(allow_edited=allow_edited)


def _parsed(path: Path, metadata: Mapping[str, str]) -> ModelMetadata:
    fingerprint = check_digest(path, metadata["fingerprint"])
    try:
        config = parse_config(metadata["config"])
        info = ModelInfo.model_validate_json(metadata["info"])
        info = ModelInfo.model_validate(without_control_characters(info.model_dump()))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        raise ModelError(f"{path}: {describe(error)}") from error
    return ModelMetadata(config, info, fingerprint)


def _check_layout(path: Path, config: AutoencoderConfig, layout: Layout) -> None:
    """Compare with what the config asks for, before anything is allocated."""
    blocks = sum(len(stage.blocks) for stage in (*config.encoder, *config.decoder))
    if blocks > len(layout):
        raise ModelError(f"{path}: its config asks for {blocks} blocks, it holds {len(layout)} tensors: it is damaged")
    tables = {name.removeprefix(TABLES): dtype for name, (dtype, _) in layout.items() if name.startswith(TABLES)}
    if tables and tables != _TABLE_TYPES:
        raise ModelError(f"{path}: its tables are incomplete or of a wrong type: the file is damaged")
    expected = {
        name: (_stored_type(name, tensor.dtype), tuple(tensor.shape))
        for name, tensor in blank_model(path, config).state_dict().items()
    }
    check_layout(path, expected, {name: entry for name, entry in layout.items() if not name.startswith(TABLES)})


def _stored_type(name: str, dtype: torch.dtype) -> str:
    if dtype.is_floating_point:
        return "F32" if name.endswith(".deviation") else "F16"
    if dtype not in _INTEGER_TYPES:
        raise ModelError(f"tensor {name} is of {dtype}, which model files do not hold: use floats or integers")
    return _INTEGER_TYPES[dtype]


def blank_model(path: Path, config: AutoencoderConfig) -> Autoencoder:
    """A model without memory for its weights.

    Raises:
        ModelError: the configuration describes none that can be built.
    """
    with without_memory(path):
        model = Autoencoder(config)
    if model.lag > _LONGEST_LAG_SECONDS * config.sample_rate:
        raise ModelError(f"{path}: its config asks for a latency of {model.lag} samples, more than a minute")
    return model


@final
class SkippedInitialisation(TorchFunctionMode):
    """Skips the filling of weights with numbers that a file's replace, and that take longer than reading the file.

    Where there is no memory for weights, filling them would load torch's compiler.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        keywords = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else keywords["tensor"]
        return func(*args, **keywords)


@contextmanager
def without_memory(path: Path) -> Iterator[None]:
    """Modules that are built inside have shapes but no memory.

    Raises:
        ModelError: the configuration of ``path`` describes none that can be built.
    """
    try:
        with torch.device("meta"), SkippedInitialisation():
            yield
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (AssertionError, RuntimeError, ValueError, OverflowError) as error:
        raise ModelError(f"{path}: its config describes no model that can be built: it is damaged") from error
