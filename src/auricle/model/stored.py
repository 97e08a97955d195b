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
from safetensors import SafetensorError, safe_open
from torch.overrides import TorchFunctionMode

from auricle.errors import ConfigError, ModelError
from auricle.model.autoencoder import Autoencoder, ModelInfo
from auricle.model.config import AutoencoderConfig, describe, parse_config, printable

FORMAT = "auricle-model"
VERSION = 1
SUFFIX = ".auricle.safetensors"
TABLES = "tables."
LARGEST_FILE = 4 << 30
"""Bytes of the largest model file that is loaded."""
_LARGEST_HEADER = 8 << 20
_LARGEST_TEXT = 1 << 20
_LONGEST_LAG_SECONDS = 60
_HEXADECIMAL = frozenset("0123456789abcdef")
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
    with _opened(path) as file:
        return _words(path, file.metadata() or {})


def read_stored(path: Path) -> tuple[Words, dict[str, np.ndarray]]:
    """Read metadata and arrays; the arrays have the types and shapes that the config asks for, and are finite.

    Tables (``tables.*``) are there all or none, in the right types; their shapes and values are not checked.

    Raises:
        ModelError: as `read_words`; or an array is missing, unknown, of another type or shape, or not finite.
        ConfigError: as `read_words`.
    """
    with _opened(path) as file:
        words = _words(path, file.metadata() or {})
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        found = {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}
        _check_arrays(path, words.config, found)
        arrays = {name: file.get_tensor(name) for name in found}
    for name, value in arrays.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ModelError(f"{path}: tensor {name} has values that are not finite: the file is damaged")
        if name.endswith(".deviation") and not (value > 0).all():
            raise ModelError(f"{path}: tensor {name} has values that are not positive: the file is damaged")
    return words, arrays


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        _check_size(path)
        with safe_open(path, framework="np") as file:
            yield file
    except (SafetensorError, OSError, MemoryError) as error:
        reason = printable(str(error), 120)
        raise ModelError(f"{path} is not a model file ({reason}): use a {SUFFIX} file") from error


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if size < 8 or header > size - 8 or header > _LARGEST_HEADER:
        raise ModelError(
            f"{path} is not a model file (it has {size} bytes, a header of {header} bytes): use a {SUFFIX} file"
        )
    if size > LARGEST_FILE:
        raise ModelError(f"{path} has {size} bytes, a model file at most {LARGEST_FILE}: use another model")


def _words(path: Path, metadata: Mapping[str, str]) -> Words:
    if metadata.get("format") != FORMAT or any(len(text) > _LARGEST_TEXT for text in metadata.values()):
        raise ModelError(f"{path} is a safetensors file but not an Auricle model: use a {SUFFIX} file")
    if metadata.get("version") != str(VERSION):
        version = printable(metadata.get("version", "none"))
        raise ModelError(f"{path} has model version {version}, known is {VERSION}: update Auricle")
    missing = {"config", "info", "fingerprint"} - metadata.keys()
    if missing:
        raise ModelError(f"{path} lacks {', '.join(sorted(missing))} in its metadata: save it again")
    stated = metadata["fingerprint"]
    if len(stated) != 64 or not _HEXADECIMAL.issuperset(stated):
        raise ModelError(f"{path} has the fingerprint {printable(stated)!r}, not 64 digits: the file is damaged")
    try:
        config = parse_config(metadata["config"])
        info = ModelInfo.model_validate_json(metadata["info"])
        info = ModelInfo.model_validate(_printed(info.model_dump()))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        raise ModelError(f"{path}: {describe(error)}") from error
    return Words(config, info, stated)


def _printed(value: Any) -> Any:
    """Words for people without the characters that a terminal obeys."""
    if isinstance(value, str):
        return "".join(letter for letter in value if letter.isprintable() or letter == "\n")
    if isinstance(value, dict):
        return {_printed(key): _printed(part) for key, part in value.items()}
    return tuple(map(_printed, value)) if isinstance(value, tuple) else value


def _check_arrays(path: Path, config: AutoencoderConfig, found: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
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
    for name in sorted(wanted.keys() | {name for name in found if not name.startswith(TABLES)}):
        if wanted.get(name) != found.get(name):
            raise ModelError(
                f"{path}: tensor {printable(name)} has {_shape(found.get(name))}, its config asks for "
                f"{_shape(wanted.get(name))}: the file is damaged or was edited"
            )


def _shape(known: tuple[str, tuple[int, ...]] | None) -> str:
    return "no shape, it is not there" if known is None else f"shape {known[1]} of {known[0]}"


def _stored_type(name: str, dtype: torch.dtype) -> str:
    types = {torch.float32: "F32" if name.endswith(".deviation") else "F16", torch.bool: "BOOL", torch.int64: "I64"}
    return types[dtype]


@final
class _Unfilled(TorchFunctionMode):
    """Skips the filling of weights with numbers: where there is no memory, it would only load torch's compiler."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else given["tensor"]
        return func(*args, **given)


def blank_model(path: Path, config: AutoencoderConfig) -> Autoencoder:
    """A model without memory for its weights.

    Raises:
        ModelError: the configuration describes none that can be built.
    """
    try:
        with torch.device("meta"), _Unfilled():
            blank = Autoencoder(config)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (AssertionError, RuntimeError, ValueError, OverflowError) as error:
        raise ModelError(f"{path}: its config describes no model that can be built: it is damaged") from error
    if blank.lag > _LONGEST_LAG_SECONDS * config.sample_rate:
        raise ModelError(f"{path}: its config asks for a latency of {blank.lag} samples, more than a minute")
    return blank
