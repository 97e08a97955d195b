"""Integer tables from a file, checked so far that no file can make them fail or overflow while coding."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from auricle.errors import ModelError
from auricle.model.bottleneck import Tables
from auricle.model.bottleneck.tables import HISTORY, LIMIT, TOTAL, TableShape

LARGEST_WEIGHT = 1 << 20
"""Bound of the filters and the floor, as the bottleneck clips them."""


def checked_tables(path: Path, arrays: Mapping[str, np.ndarray], shape: TableShape | None) -> Tables | None:
    """The tables of a model whose bottleneck asks for ``shape``; None where the file has none.

    Args:
        path: the file, for messages.
        arrays: ``tables.*``, all or none, in the types that files have.
        shape: None for a continuous bottleneck.

    Raises:
        ModelError: tables that the bottleneck can't have.
    """
    stored = {name.removeprefix("tables."): value for name, value in arrays.items() if name.startswith("tables.")}
    if not stored:
        return None
    if shape is None:
        raise ModelError(f"{path} has tables, its bottleneck is continuous: the file is damaged or was edited")
    _check_shapes(path, stored, shape)
    offset, escape = stored["symbol"].tolist()
    if (offset, escape) != (shape.offset, int(shape.escape)):
        raise ModelError(
            f"{path}: its tables have offset {offset} and escape {escape}, its config asks for {shape.offset} and "
            f"{int(shape.escape)}: the file is damaged or was edited"
        )
    _check_values(path, stored)
    return Tables(
        stored["counts"].astype(np.int32) + 1,
        stored["mean"],
        stored["scale"],
        stored["floor"],
        stored["thresholds"],
        shape.offset,
        shape.escape,
    )


def _check_shapes(path: Path, stored: Mapping[str, np.ndarray], shape: TableShape) -> None:
    dims = shape.mean.shape[0]
    expected_shapes = {
        "counts": (shape.levels, dims, shape.contexts, shape.symbols),
        "mean": (dims, HISTORY * dims),
        "scale": (dims, HISTORY * dims),
        "floor": (shape.levels, dims),
        "thresholds": shape.thresholds.shape,
        "symbol": (2,),
    }
    for name, expected in expected_shapes.items():
        if stored[name].shape != expected:
            raise ModelError(
                f"{path}: tensor tables.{name} has shape {stored[name].shape}, its config asks for {expected}: "
                "the file is damaged or was edited"
            )


def _check_values(path: Path, stored: Mapping[str, np.ndarray]) -> None:
    """Ranges within which sums of products stay below 2^53 and codes below 2^31."""
    dims = stored["mean"].shape[0]
    assert HISTORY * dims * LIMIT * LARGEST_WEIGHT < 1 << 53, dims
    rules: tuple[tuple[str, Callable[[np.ndarray], bool], str], ...] = (
        ("counts", _sums, f"rows that do not sum to {TOTAL}"),
        ("mean", lambda mean: _within(mean, -LARGEST_WEIGHT), "values out of range"),
        ("scale", lambda scale: _within(scale, 0), "values out of range"),
        ("floor", lambda floor: _within(floor, 0), "values out of range"),
        ("thresholds", _ascends, "values out of order or range"),
    )
    for name, holds, fault in rules:
        if not holds(stored[name]):
            raise ModelError(f"{path}: its tables have {fault} (tables.{name}): the file is damaged")


def _sums(counts: np.ndarray) -> bool:
    """Whether rows sum to 2^16; files hold each count less one."""
    return bool((counts.sum(-1, dtype=np.int64) + counts.shape[-1] == TOTAL).all())


def _within(values: np.ndarray, least: int) -> bool:
    return bool(((values >= least) & (values <= LARGEST_WEIGHT)).all())


def _ascends(edges: np.ndarray) -> bool:
    return _within(edges, 0) and bool((edges[1:] >= edges[:-1]).all())
