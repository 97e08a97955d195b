"""Model files: one .safetensors with config, tables and origin. Never a pickle."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from auricle.errors import ModelError
from auricle.model.autoencoder import Autoencoder
from auricle.model.default_model import default_model
from auricle.model.files.stored import MODEL_FILE, SUFFIX, TABLES, read_model, read_model_metadata
from auricle.model.files.table_check import checked_tables
from auricle.model.files.tensor_file import pretrained, write_tensor_file

_DECIDES_DECODING = ("decoder.", "bottleneck.", "tables.")
_SHOWN = 16  # digits of a fingerprint, as many as compressed files hold


def shipped() -> dict[str, Path]:
    """Names and paths of the models inside the package."""
    return MODEL_FILE.shipped()


def earlier() -> dict[str, Path]:
    """Models in the package that newer ones replaced, by the first 16 digits of their fingerprint.

    Their files decode and their priors play as before.
    """
    paths = sorted((pretrained() / "earlier").glob(f"*{SUFFIX}"))
    return {path.name.removesuffix(SUFFIX).rpartition("-")[2]: path for path in paths}


def _decides_decoding(name: str) -> bool:
    return name.startswith(_DECIDES_DECODING) or name.endswith(".deviation")


def stored_arrays(model: Autoencoder, include: Callable[[str], bool] = lambda name: True) -> dict[str, np.ndarray]:
    """The wanted arrays as the file holds them: weights in float16, tables in integers."""
    arrays = {}
    for name, tensor in model.state_dict().items():
        if not include(name):
            continue
        value = tensor.detach().cpu().numpy()
        if value.dtype == np.float32 and not name.endswith(".deviation"):
            with np.errstate(over="ignore"):  # what becomes infinite is refused where it is saved
                value = value.astype(np.float16)
        arrays[name] = value
    if model.tables is not None:
        tables = model.tables
        arrays["tables.counts"] = (tables.counts - 1).astype(np.uint16)
        for name in ("mean", "scale", "floor", "thresholds"):
            arrays[f"tables.{name}"] = getattr(tables, name).astype(np.int32)
        arrays["tables.symbol"] = np.array([tables.offset, int(tables.escape)], np.int32)
    return {name: np.ascontiguousarray(value) for name, value in sorted(arrays.items())}


def as_stored(model: Autoencoder) -> Autoencoder:
    """A copy, in eval mode and without tables, whose weights are rounded as a file holds them."""
    copy = Autoencoder(model.config, model.info).eval()
    copy.load_state_dict(_state(stored_arrays(model)), strict=True)
    return copy


def _state(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Stored arrays without the tables, as a model takes them."""
    return {
        name: torch.from_numpy(value.astype(np.float32) if value.dtype == np.float16 else value.copy())
        for name, value in arrays.items()
        if not name.startswith(TABLES)
    }


def fingerprint(model: Autoencoder) -> str:
    """SHA-256 (hex) of the arrays and settings that decide what codes decode to.

    A model from a file carries it, because hashing takes as long as coding seconds of sound.
    """
    if model.sealed is not None:
        return model.sealed
    digest = hashlib.sha256()
    config = model.config.model_dump(mode="json", exclude={"encoder"})
    digest.update(json.dumps(config, sort_keys=True).encode())
    for name, value in stored_arrays(model, _decides_decoding).items():
        digest.update(f"{name} {value.dtype.str} {value.shape}".encode())
        digest.update(value.data)
    return digest.hexdigest()


def save(model: Autoencoder, path: Path, *, force: bool = False) -> None:
    """Write a model file; it appears whole or not at all.

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
        "fingerprint": fingerprint(model),
    }
    write_tensor_file(path, MODEL_FILE, arrays, texts, force=force)


def load(name_or_path: str | Path, *, allow_edited: bool = False) -> Autoencoder:
    """A shipped model by name, or one from a file: float32, on the CPU, ready for use.

    The file may come from a stranger: it is checked before memory is taken, and what it takes grows with its size only.

    Args:
        name_or_path: a shipped model's name, or a model file.
        allow_edited: load although the file's contents have another fingerprint than the one it states. The model then
            has that of its contents, so files that were made with the model as it was are not its own.

    Raises:
        ModelError: unknown, malformed, of a newer version, not finite, or edited.
        ConfigError: its configuration is not one.
    """
    path = MODEL_FILE.resolve(name_or_path)
    metadata, arrays = read_model(path, allow_edited=allow_edited)
    model = Autoencoder(metadata.config, metadata.info)
    model.load_state_dict(_state(arrays), strict=True)
    model.tables = checked_tables(path, arrays, model.bottleneck.table_shape())
    actual = fingerprint(model)
    if actual != metadata.fingerprint and not allow_edited:
        raise ModelError(
            f"{path} has contents of fingerprint {actual[:_SHOWN]} but states {metadata.fingerprint[:_SHOWN]}: the "
            "file is damaged or was edited, get it again, or load it with allow_edited if you know why"
        )
    model.sealed = actual
    return model.eval().requires_grad_(False)


def read_metadata(name_or_path: str | Path) -> dict[str, Any]:
    """Config, info and stated fingerprint of a model file as plain values, without building it.

    Raises:
        ModelError: as :func:`load`, as far as the metadata shows it.
        ConfigError: as :func:`load`.
    """
    metadata = read_model_metadata(MODEL_FILE.resolve(name_or_path))
    return {
        "config": metadata.config.model_dump(mode="json"),
        "info": metadata.info.model_dump(mode="json"),
        "fingerprint": metadata.fingerprint,
    }


def model_for(model: Autoencoder | Path | str | None, sample_rate: int) -> Autoencoder:
    """A model itself, the one of that name or file, or the shipped one for sounds of that rate.

    Raises:
        ModelError: no such model.
    """
    if isinstance(model, Autoencoder):
        return model
    return load(default_model(sample_rate) if model is None else model)
