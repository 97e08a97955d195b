"""Features as files for other tools."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType

import numpy as np

from auricle.atomic import atomic_write, check_writable
from auricle.classify.features.extract import Features
from auricle.errors import OptionError
from auricle.extras import require


def check_export(path: Path, *, force: bool) -> None:
    """Refuse early what could not be written at the end.

    Raises:
        OptionError: the suffix is not known.
        MissingPackageError: PyArrow, which writes Parquet, is not installed.
        OutputError: as `check_writable`.
    """
    if path.suffix not in _WRITERS:
        raise OptionError(f"features can't be written as {path.name}: name a file {' or '.join(_WRITERS)}")
    if path.suffix == ".parquet":
        _require_pyarrow()
    check_writable(path, force=force)


def write_features(features: Features, path: Path, *, force: bool = False) -> None:
    """Write features; the file appears whole or not at all.

    Raises:
        OptionError: as `check_export`.
        OutputError: as `check_writable`.
    """
    check_export(path, force=force)
    with atomic_write(path, force=force) as temporary:
        _WRITERS[path.suffix](features, temporary)


def _npz(features: Features, path: Path) -> None:
    np.savez_compressed(path, names=np.array(features.names), values=features.values)


def _parquet(features: Features, path: Path) -> None:
    """Column ``name``, and column ``features``: a list of fixed length."""
    arrow, parquet = _require_pyarrow(), import_module("pyarrow.parquet")
    lists = arrow.FixedSizeListArray.from_arrays(arrow.array(features.values.ravel()), features.values.shape[1])
    table = arrow.table({"name": list(features.names), "features": lists})
    parquet.write_table(table, path)


def _require_pyarrow() -> ModuleType:
    return require("pyarrow", extra="classify", purpose="Parquet files")


_WRITERS: Mapping[str, Callable[[Features, Path], None]] = MappingProxyType({".npz": _npz, ".parquet": _parquet})
