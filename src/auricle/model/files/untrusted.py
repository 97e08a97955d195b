"""Safetensors files that may come from a stranger: looked at before they are believed, whatever they describe.

Nothing is allocated that the file's own size does not pay for.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch.overrides import TorchFunctionMode

from auricle.errors import ModelError
from auricle.model.config import printable

LARGEST_FILE = 4 << 30
"""Bytes of the largest file that is loaded."""
_LARGEST_HEADER = 8 << 20
_LARGEST_TEXT = 1 << 20
_HEXADECIMAL = frozenset("0123456789abcdef")

Described = Mapping[str, tuple[str, tuple[int, ...]]]
"""Type and shape of each tensor by name, as safetensors says them."""


@contextmanager
def opened(path: Path, noun: str, suffix: str) -> Iterator[Any]:
    """A safetensors file of a size that can be; ``noun`` and ``suffix`` say what is wanted.

    Raises:
        ModelError: it is none.
    """
    try:
        _check_size(path, noun, suffix)
        with safe_open(path, framework="np") as file:
            yield file
    except (SafetensorError, OSError, MemoryError) as error:
        reason = printable(str(error), 120)
        raise ModelError(f"{path} is not a {noun} file ({reason}): use a {suffix} file") from error


def _check_size(path: Path, noun: str, suffix: str) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if size < 8 or header > size - 8 or header > _LARGEST_HEADER:
        raise ModelError(
            f"{path} is not a {noun} file (it has {size} bytes, a header of {header} bytes): use a {suffix} file"
        )
    if size > LARGEST_FILE:
        raise ModelError(f"{path} has {size} bytes, a {noun} file at most {LARGEST_FILE}: use another {noun}")


def short(metadata: Mapping[str, str]) -> bool:
    """Whether no text in the metadata is longer than any that is ever written."""
    return all(len(text) <= _LARGEST_TEXT for text in metadata.values())


def check_stated(path: Path, stated: str) -> str:
    """A fingerprint that a file states.

    Raises:
        ModelError: it is not 64 hexadecimal digits.
    """
    if len(stated) != 64 or not _HEXADECIMAL.issuperset(stated):
        raise ModelError(f"{path} has the fingerprint {printable(stated)!r}, not 64 digits: the file is damaged")
    return stated


def printed(value: Any) -> Any:
    """Words for people without the characters that a terminal obeys."""
    if isinstance(value, str):
        return "".join(letter for letter in value if letter.isprintable() or letter == "\n")
    if isinstance(value, dict):
        return {printed(key): printed(part) for key, part in value.items()}
    return tuple(map(printed, value)) if isinstance(value, tuple) else value


def described(file: Any) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Types and shapes of an open file's tensors; none is read."""
    slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
    return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}


def check_described(path: Path, wanted: Described, found: Described) -> None:
    """Compare what a file holds with what its config asks for.

    Raises:
        ModelError: a tensor is missing, unknown, or of another type or shape.
    """
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise ModelError(
                f"{path}: tensor {printable(name)} has {_shape(found.get(name))}, its config asks for "
                f"{_shape(wanted.get(name))}: the file is damaged or was edited"
            )


def _shape(known: tuple[str, tuple[int, ...]] | None) -> str:
    return "no shape, it is not there" if known is None else f"shape {known[1]} of {known[0]}"


def check_finite(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Look at the values.

    Raises:
        ModelError: one is not finite, or a deviation is not positive.
    """
    for name, value in arrays.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ModelError(f"{path}: tensor {name} has values that are not finite: the file is damaged")
        if name.endswith("deviation") and not (value > 0).all():
            raise ModelError(f"{path}: tensor {name} has values that are not positive: the file is damaged")


@final
class _Unfilled(TorchFunctionMode):
    """Skips the filling of weights with numbers: where there is no memory, it would only load torch's compiler."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else given["tensor"]
        return func(*args, **given)


@contextmanager
def blank(path: Path) -> Iterator[None]:
    """Modules that are built inside have shapes but no memory.

    Raises:
        ModelError: the configuration of ``path`` describes none that can be built.
    """
    try:
        with torch.device("meta"), _Unfilled():
            yield
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (AssertionError, RuntimeError, ValueError, OverflowError) as error:
        raise ModelError(f"{path}: its config describes no model that can be built: it is damaged") from error
