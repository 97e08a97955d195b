"""Model files: one .safetensors with config, tables and origin. Never a pickle."""

import hashlib
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from auricle.errors import ModelError
from auricle.model.autoencoder import Autoencoder, ModelInfo
from auricle.model.bottleneck import Tables
from auricle.model.bottleneck.tables import TOTAL
from auricle.model.config import describe, parse_config
from auricle.output import fresh_file

FORMAT = "auricle-model"
VERSION = 1
SUFFIX = ".auricle.safetensors"
_DECIDES_DECODING = ("decoder.", "bottleneck.", "tables.")
_LARGEST_HEADER = 1 << 20


def shipped() -> dict[str, Path]:
    """Names and paths of the models inside the package."""
    folder = Path(str(resources.files("auricle") / "pretrained"))
    return {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def resolve(name_or_path: str | Path) -> Path:
    """Path of a shipped model's name, or of a file.

    Raises:
        ModelError: neither a shipped name nor a file.
    """
    known = shipped()
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = ", ".join(known) or "none"
    raise ModelError(f"no model {str(name_or_path)!r}: name a {SUFFIX} file or a shipped model ({names})")


def _decides_decoding(name: str) -> bool:
    return name.startswith(_DECIDES_DECODING) or name.endswith(".deviation")


def stored_arrays(model: Autoencoder, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, np.ndarray]:
    """The wanted arrays as the file holds them: weights in float16, tables in integers."""
    arrays = {}
    for name, tensor in model.state_dict().items():
        if not wanted(name):
            continue
        value = tensor.detach().cpu().numpy()
        arrays[name] = (
            value.astype(np.float16) if value.dtype == np.float32 and not name.endswith(".deviation") else value
        )
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
        if not name.startswith("tables.")
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
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "config": model.config.model_dump_json(),
        "info": model.info.model_dump_json(),
        "fingerprint": fingerprint(model),
    }
    with fresh_file(path, force=force) as temporary:
        save_file(stored_arrays(model), temporary, metadata)


def load(name_or_path: str | Path) -> Autoencoder:
    """A shipped model by name, or one from a file: float32, on the CPU, ready for use.

    Raises:
        ModelError: unknown, malformed, of a newer version, or not finite.
        ConfigError: its configuration is not one.
    """
    path = resolve(name_or_path)
    try:
        with safe_open(path, framework="np") as file:
            metadata = _metadata(path, file.metadata() or {})
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            _check_shapes(path, metadata["config"], shapes)
            arrays = {name: file.get_tensor(name) for name in shapes}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is not a model file ({error}): use a {SUFFIX} file") from error
    return _assemble(path, metadata, arrays)


def read_metadata(name_or_path: str | Path) -> dict[str, Any]:
    """Config, info and fingerprint of a model file as plain values, without building it.

    Raises:
        ModelError: as :func:`load`.
    """
    path = resolve(name_or_path)
    try:
        with safe_open(path, framework="np") as file:
            metadata = _metadata(path, file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is not a model file ({error}): use a {SUFFIX} file") from error
    return {
        "config": json.loads(metadata["config"]),
        "info": json.loads(metadata["info"]),
        "fingerprint": metadata["fingerprint"],
    }


def _metadata(path: Path, metadata: dict[str, str]) -> dict[str, str]:
    if metadata.get("format") != FORMAT or any(len(text) > _LARGEST_HEADER for text in metadata.values()):
        raise ModelError(f"{path} is a safetensors file but not an Auricle model: use a {SUFFIX} file")
    if metadata.get("version") != str(VERSION):
        raise ModelError(f"{path} has model version {metadata.get('version')}, known is {VERSION}: update Auricle")
    missing = {"config", "info", "fingerprint"} - metadata.keys()
    if missing:
        raise ModelError(f"{path} lacks {', '.join(sorted(missing))} in its metadata: save it again")
    return metadata


def _check_shapes(path: Path, config: str, shapes: dict[str, tuple[int, ...]]) -> None:
    """Compare with the shapes that the config asks for, before anything is allocated."""
    with torch.device("meta"):
        blank = Autoencoder(parse_config(config))
    wanted = {name: tuple(tensor.shape) for name, tensor in blank.state_dict().items()}
    found = {name: shape for name, shape in shapes.items() if not name.startswith("tables.")}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise ModelError(
                f"{path}: tensor {name} has shape {found.get(name)}, its config asks for {wanted.get(name)}: "
                "the file is damaged or was edited"
            )


def _assemble(path: Path, metadata: dict[str, str], arrays: dict[str, np.ndarray]) -> Autoencoder:
    for name, value in arrays.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ModelError(f"{path}: tensor {name} has values that are not finite: the file is damaged")
    try:
        info = ModelInfo.model_validate_json(metadata["info"])
    except ValidationError as error:
        raise ModelError(f"{path}: {describe(error)}") from error
    model = Autoencoder(parse_config(metadata["config"]), info, _tables(path, arrays))
    model.load_state_dict(_state(arrays), strict=True)
    actual = fingerprint(model)
    if actual != metadata["fingerprint"]:
        raise ModelError(
            f"{path} has fingerprint {actual[:16]}, its metadata says {metadata['fingerprint'][:16]}: "
            "the file is damaged or was edited"
        )
    model.sealed = actual
    return model.eval().requires_grad_(False)


def _tables(path: Path, arrays: dict[str, np.ndarray]) -> Tables | None:
    if "tables.counts" not in arrays:
        return None
    try:
        counts = arrays["tables.counts"].astype(np.int32) + 1
        offset, escape = (int(value) for value in arrays["tables.symbol"])
        rest = {name: arrays[f"tables.{name}"] for name in ("mean", "scale", "floor", "thresholds")}
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path}: its tables are incomplete ({error}): the file is damaged") from error
    if counts.ndim != 4 or (counts.sum(-1, dtype=np.int64) != TOTAL).any():
        raise ModelError(f"{path}: its tables do not sum to {TOTAL}: the file is damaged")
    return Tables(counts, offset=offset, escape=bool(escape), **rest)
