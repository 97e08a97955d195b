"""Index files: one .safetensors of points, names and the space they lie in. Never a pickle."""

import json
import os
from pathlib import Path
from typing import final

import numpy as np
from pydantic import Field, ValidationError

from auricle.classify.features.hearing_file import HEARING, hearing_layout
from auricle.classify.features.pooling import FeatureConfig
from auricle.classify.features.scaling import Scaling
from auricle.classify.features.windows import WindowGrid
from auricle.classify.search.feature_index import FeatureIndex
from auricle.classify.search.neighbours import WhitenedSpace
from auricle.errors import ModelError
from auricle.model.config import describe
from auricle.model.files.tensor_file import (
    CHECKSUM,
    FileKind,
    Layout,
    first_misfit,
    open_tensor_file,
    write_tensor_file,
)
from auricle.model.registry import Frozen
from auricle.options.classification import FeatureKind

SUFFIX = ".index"
INDEX_FILE = FileKind("sound index", SUFFIX, "auricle-index", 1, ("index", CHECKSUM))
_LAYOUT = {
    "points": ("F32", "p r"),
    "begins": ("F32", "p"),
    "names": ("U8", "n"),
    "stamps": ("I64", "f 2"),
    "counts": ("I64", "f"),
    "skipped": ("U8", "s"),  # files that are rejected, as in the indexes that were written before
    "mean": ("F32", "d"),
    "scale": ("F32", "d"),
    "rotation": ("F32", "d r"),
    "weight": ("F32", "r"),
}


@final
class IndexMetadata(Frozen):
    """What the points of an index were made with."""

    model: str = Field(max_length=64, description="name of the autoencoder")
    encoder: str = Field(pattern="^[0-9a-f]{64}$", description="fingerprint of the autoencoder's encoder")
    feature_config: FeatureConfig = Field(description="how features are made")
    features: FeatureKind = Field(default="latents", description="what is heard besides: hearing has patches")
    window: float | None = Field(default=None, ge=0.05, le=30, description="seconds of a window; none: whole files")
    hop: float | None = Field(default=None, ge=0.01, le=30, description="seconds from one window to the next")
    fitted_on: int = Field(ge=0, description="points that the space was learned from")


def write_index(path: Path, index: FeatureIndex, metadata: IndexMetadata, *, force: bool = False) -> None:
    """Write a file; it appears whole or not at all.

    Raises:
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    scaling = index.space.scaling
    arrays = {
        "points": index.points,
        "begins": index.begins,
        "names": _bytes(b"\0".join(map(os.fsencode, index.names))),
        "stamps": index.stamps,
        "counts": index.counts,
        "skipped": _bytes(json.dumps(dict(index.rejected)).encode()),
        "mean": scaling.mean,
        "scale": scaling.scale,
        "rotation": scaling.rotation,
        "weight": index.space.weight,
        **index.feature_arrays,
    }
    write_tensor_file(path, INDEX_FILE, arrays, {"index": metadata.model_dump_json()}, force=force)


def read_index(path: Path) -> tuple[FeatureIndex, IndexMetadata]:
    """Read a file that may come from a stranger: nothing is believed before it was checked.

    Raises:
        ModelError: it is missing, none, malformed, or has changed since it was written.
    """
    with open_tensor_file(path, INDEX_FILE) as file:
        try:
            metadata = IndexMetadata.model_validate(json.loads(file.metadata["index"]))
        except ValidationError as error:
            raise ModelError(f"{path}: {describe(error)}") from error
        except (ValueError, RecursionError) as error:
            raise _damaged(path, "its description can't be read") from error
        _check_shapes(path, metadata, file.layout)
        arrays = file.read()
    names, rejected = _names(path, arrays["names"]), _rejected(path, arrays["skipped"])
    counts = arrays["counts"]
    if len(names) != len(counts) or (counts < 1).any() or counts.sum() != len(arrays["points"]):
        raise _damaged(path, f"{len(names)} names do not fit {len(arrays['points'])} points")
    if not (arrays["scale"] > 0).all():
        raise _damaged(path, "array scale has values out of range")
    space = WhitenedSpace(Scaling(arrays["mean"], arrays["scale"], arrays["rotation"]), arrays["weight"])
    grid = None if metadata.window is None else WindowGrid(metadata.window, metadata.hop or metadata.window)
    points, begins = arrays["points"], arrays["begins"]
    features = {name: value for name, value in arrays.items() if name.startswith(HEARING)}
    return FeatureIndex(
        names, arrays["stamps"], counts, begins, points, space, metadata.fitted_on, rejected, grid, features
    ), metadata


def _bytes(text: bytes) -> np.ndarray:
    return np.frombuffer(text, np.uint8)


def _names(path: Path, values: np.ndarray) -> tuple[str, ...]:
    names = tuple(map(os.fsdecode, values.tobytes().split(b"\0"))) if len(values) else ()
    if len(set(names)) != len(names):
        raise _damaged(path, "two of its files have one name")
    return names


def _rejected(path: Path, values: np.ndarray) -> dict[str, tuple[int, int, str]]:
    try:
        entries = json.loads(values.tobytes())
        return {str(name): (int(size), int(time), str(reason)) for name, (size, time, reason) in entries.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, "its list of unusable files can't be read") from error


def _check_shapes(path: Path, metadata: IndexMetadata, layout: Layout) -> None:
    """Compare types and shapes with what an index has; a letter stands for the same size everywhere."""
    hearing = hearing_layout(path, layout, HEARING) if metadata.features == "hearing" else {}
    if hearing != {name: shape for name, shape in layout.items() if name.startswith(HEARING)}:
        raise _damaged(path, "it holds other features than it describes")
    if layout.keys() - hearing.keys() != _LAYOUT.keys():
        raise _damaged(path, "its arrays are not those of an index")
    misfit = first_misfit(layout, _LAYOUT, {"2": 2}, allow_empty=True)
    if misfit is not None:
        shape = layout[misfit][1]
        raise _damaged(path, f"array {misfit} has shape {shape} of another size or type than the others ask for")


def _damaged(path: Path, what: str) -> ModelError:
    return ModelError(f"{path}: {what}: the index is damaged, make it anew")
