"""Files of patches: what was learned without labels to help one model tell sounds apart, and lies beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import final

import numpy as np
from pydantic import Field, ValidationError

from auricle.classify.features.patches import PATCH_SIZE, PatchDictionary
from auricle.errors import ModelError
from auricle.model import Autoencoder
from auricle.model.config import describe
from auricle.model.files.file import shipped
from auricle.model.files.tensor_file import (
    CHECKSUM,
    FileKind,
    Layout,
    check_layout,
    open_tensor_file,
    short_digest,
    without_control_characters,
    write_tensor_file,
)
from auricle.model.files.writing import SUFFIX as MODEL_SUFFIX
from auricle.model.registry import Frozen

SUFFIX = ".hearing.safetensors"
HEARING_FILE = FileKind("hearing", SUFFIX, "auricle-hearing", 2, ("origin", CHECKSUM), largest_file=1 << 24)
HEARING = "hearing."
"""Beginning of the names of the arrays in classifiers and indexes."""
_MAX_ATOMS = 4096


@final
class HearingOrigin(Frozen):
    """Which model the patches belong to, and what they were learned from."""

    model: str = Field(max_length=64, description="name of its autoencoder")
    encoder: str = Field(pattern="^[0-9a-f]{64}$", description="fingerprint of its autoencoder's encoder")
    sample_rate: int = Field(ge=1, le=384_000, description="of the autoencoder, in Hz")
    licence: str = Field(default="", max_length=200, description="licence of the patches")
    data: str = Field(default="", max_length=10_000, description="what they were learned from, with licences")


def save_hearing(dictionary: PatchDictionary, origin: HearingOrigin, path: Path, *, force: bool = False) -> None:
    """Write a file; it appears whole or not at all.

    Raises:
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    arrays = {"kernels": dictionary.kernels, "bias": dictionary.bias}
    write_tensor_file(path, HEARING_FILE, arrays, {"origin": origin.model_dump_json()}, force=force)


def load_hearing(path: Path) -> tuple[PatchDictionary, HearingOrigin]:
    """Read a file that may come from a stranger.

    Raises:
        ModelError: it is missing, malformed, or has changed.
    """
    with open_tensor_file(path, HEARING_FILE) as file:
        try:
            fields = without_control_characters(json.loads(file.metadata["origin"]))
            origin = HearingOrigin.model_validate(fields)
        except ValidationError as error:
            raise ModelError(f"{path}: {describe(error)}") from error
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{path}: its description can't be read: the file is damaged") from error
        check_layout(path, hearing_layout(path, file.layout), file.layout)
        arrays = file.read()
    return PatchDictionary(arrays["kernels"], arrays["bias"]), origin


def hearing_layout(path: Path, layout: Layout, prefix: str = "") -> dict[str, tuple[str, tuple[int, ...]]]:
    """Types and shapes that the arrays of patches must have where they are as many as the file says.

    Raises:
        ModelError: there are none, or more than there can be.
    """
    shape = layout.get(f"{prefix}bias", ("", ()))[1]
    if len(shape) != 1 or not 1 <= shape[0] <= _MAX_ATOMS:
        raise ModelError(f"{path} holds no patches, or more than {_MAX_ATOMS}: the file is damaged")
    return {f"{prefix}kernels": ("F32", (PATCH_SIZE, shape[0])), f"{prefix}bias": ("F32", shape)}


def restored_patches(arrays: Mapping[str, np.ndarray]) -> PatchDictionary:
    """The patches that a classifier's or an index's arrays hold, their shapes checked."""
    return PatchDictionary(arrays[f"{HEARING}kernels"], arrays[f"{HEARING}bias"])


def hearing_path(model: Path | str) -> Path:
    """Where the patches of a shipped model or of a model file would lie: beside it."""
    path = shipped().get(str(model), Path(model))
    return path.with_name(path.name.removesuffix(MODEL_SUFFIX).removesuffix(".safetensors") + SUFFIX)


def patches_beside(model: Autoencoder | Path | str, encoder: str) -> PatchDictionary | None:
    """The patches that belong to a model, if there are any.

    Args:
        model: a shipped model's name, a model file, or a loaded model (only those of shipped models are found).
        encoder: its fingerprint.

    Raises:
        ModelError: there is a file, but it is damaged or belongs to another encoder.
    """
    path = hearing_path(model.name if isinstance(model, Autoencoder) else model)
    if not path.is_file() or (isinstance(model, Autoencoder) and model.name not in shipped()):
        return None
    dictionary, origin = load_hearing(path)
    if origin.encoder != encoder:
        raise ModelError(
            f"{path} belongs to the encoder {short_digest(origin.encoder)} (model {origin.model!r}), this one is "
            f"{short_digest(encoder)}: learn it anew with recipes/hearing.py, or use --features latents"
        )
    return dictionary
