"""Model files: one .safetensors with config, tables and origin. Never a pickle."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from auricle.errors import ModelError
from auricle.hub.download import is_hub_name
from auricle.model.autoencoder import Autoencoder
from auricle.model.default_model import default_model
from auricle.model.files.stored import SkippedInitialisation, read_model, read_model_metadata
from auricle.model.files.table_check import checked_tables
from auricle.model.files.tensor_file import pretrained, short_digest
from auricle.model.files.writing import MODEL_FILE, SUFFIX, TABLES, seal, stored_arrays
from auricle.options.field_types import check_arguments


def shipped() -> dict[str, Path]:
    """Names and paths of the models inside the package."""
    return MODEL_FILE.shipped()


def names_model(source: Path | str) -> bool:
    """Whether this is the name of a model in the package or on the hub, or a path where something lies."""
    return str(source) in shipped() or is_hub_name(source) or Path(source).exists()


def earlier() -> dict[str, Path]:
    """Models in the package that newer ones replaced, by the first 16 digits of their fingerprint.

    Their files decode and their priors play as before.
    """
    paths = sorted((pretrained() / "earlier").glob(f"*{SUFFIX}"))
    return {path.name.removesuffix(SUFFIX).rpartition("-")[2]: path for path in paths}


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


@check_arguments()
def load(name_or_path: str | Path, *, allow_edited: bool = False) -> Autoencoder:
    """A shipped model by name, or one from a file: float32, on the CPU, ready for use.

    The file may come from a stranger: it is checked before memory is taken, and what it takes grows with its size only.

    Args:
        name_or_path: a shipped model's name, or a model file.
        allow_edited: load although the file's contents have another fingerprint than the one it states. The model then
            has that of its contents, so files that were made with the model as it was are not its own.

    Raises:
        OptionError: an argument of the wrong type.
        ModelError: unknown, malformed, of a newer version, not finite, or edited.
        ConfigError: its configuration is not one.
    """
    path = MODEL_FILE.resolve(name_or_path)
    metadata, arrays = read_model(path, allow_edited=allow_edited)
    with SkippedInitialisation():
        model = Autoencoder(metadata.config, metadata.info)
    model.load_state_dict(_state(arrays), strict=True)
    model.tables = checked_tables(path, arrays, model.bottleneck.table_shape())
    model.seal = seal(model)
    actual = model.seal.fingerprint
    if actual != metadata.fingerprint and not allow_edited:
        raise ModelError(
            f"{path} has contents of fingerprint {short_digest(actual)} but states "
            f"{short_digest(metadata.fingerprint)}: the file is damaged or was edited, get it again, or load it with "
            "allow_edited if you know why"
        )
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
