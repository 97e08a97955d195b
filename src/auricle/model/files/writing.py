"""Model files as they are written: the arrays of a model, their fingerprint, and the file."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np
from pydantic import BaseModel
from torch import Tensor

from auricle.errors import ModelError
from auricle.model.bottleneck import Tables
from auricle.model.config import AutoencoderConfig
from auricle.model.files.tensor_file import FileKind, write_tensor_file

SUFFIX = ".auricle.safetensors"
MODEL_FILE = FileKind("model", SUFFIX, "auricle-model", 1, ("config", "info", "fingerprint"))
TABLES = "tables."
_DECIDES_DECODING = ("decoder.", "bottleneck.", TABLES)


@final
@dataclass(frozen=True, eq=False)
class Seal:
    """A fingerprint, and the state of the tensors that it is of: where they have changed since, it holds no more.

    Attributes:
        fingerprint: 64 hexadecimal digits.
        state: see `_state`.
    """

    fingerprint: str
    state: tuple[Any, ...]


class StorableModel(Protocol):
    """What of an autoencoder is written. A module of weights and buffers, and what describes it."""

    seal: Seal | None
    tables: Tables | None

    @property
    def config(self) -> AutoencoderConfig: ...

    @property
    def info(self) -> BaseModel: ...

    @property
    def name(self) -> str: ...

    def state_dict(self) -> dict[str, Tensor]: ...


def _decides_decoding(name: str) -> bool:
    return name.startswith(_DECIDES_DECODING) or name.endswith(".deviation")


def stored_arrays(model: StorableModel, include: Callable[[str], bool] = lambda name: True) -> dict[str, np.ndarray]:
    """The wanted arrays as the file holds them: weights in float16, tables in integers."""
    arrays = {name: _stored(name, tensor) for name, tensor in model.state_dict().items() if include(name)}
    if model.tables is not None:
        tables = model.tables
        arrays["tables.counts"] = (tables.counts - 1).astype(np.uint16)
        for name in ("mean", "scale", "floor", "thresholds"):
            arrays[f"tables.{name}"] = getattr(tables, name).astype(np.int32)
        arrays["tables.symbol"] = np.array([tables.offset, int(tables.escape)], np.int32)
    return {name: np.ascontiguousarray(value) for name, value in sorted(arrays.items())}


def _stored(name: str, tensor: Tensor) -> np.ndarray:
    if not tensor.is_floating_point():
        return tensor.detach().cpu().numpy()
    value = tensor.detach().float().cpu().numpy()
    with np.errstate(over="ignore"):  # what becomes infinite is refused where it is saved
        return value if name.endswith(".deviation") else value.astype(np.float16)


def fingerprint(model: StorableModel) -> str:
    """SHA-256 (hex) of the arrays and settings that decide what codes decode to.

    A model from a file carries it, because hashing takes as long as coding seconds of sound; one that has been changed
    since has another.
    """
    if model.seal is not None and model.seal.state == _state(model):
        return model.seal.fingerprint
    return contents_fingerprint(model)


def contents_fingerprint(model: StorableModel) -> str:
    """The fingerprint, calculated anew."""
    digest = hashlib.sha256()
    config = model.config.model_dump(mode="json", exclude={"encoder"})
    digest.update(json.dumps(config, sort_keys=True).encode())
    for name, value in stored_arrays(model, _decides_decoding).items():
        digest.update(f"{name} {value.dtype.str} {value.shape}".encode())
        digest.update(value.data)
    return digest.hexdigest()


def seal(model: StorableModel) -> Seal:
    """The model's fingerprint, to be carried for as long as its tensors stay as they are."""
    return Seal(contents_fingerprint(model), _state(model))


def _state(model: StorableModel) -> tuple[Any, ...]:
    """Where each tensor lies and how often it was changed; equal as long as nothing that decides decoding has changed.

    Tensors that count no changes, as those made in inference mode, are equal to nothing.
    """
    tensors = {name: tensor for name, tensor in model.state_dict().items() if _decides_decoding(name)}
    versions = ((t.data_ptr(), object() if t.is_inference() else t._version) for t in tensors.values())
    return (*versions, id(model.tables))


def save(model: StorableModel, path: Path | str, *, force: bool = False) -> None:
    """Write a model file with the fingerprint of its contents; it appears whole or not at all.

    Raises:
        ModelError: a weight is not finite, or too large for float16.
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    arrays = stored_arrays(model)
    for name, value in arrays.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ModelError(f"model {model.name!r} can't be saved, {name} is not finite: its training has failed")
    texts = {
        "config": model.config.model_dump_json(),
        "info": model.info.model_dump_json(),
        "fingerprint": contents_fingerprint(model),
    }
    write_tensor_file(Path(path), MODEL_FILE, arrays, texts, force=force)
