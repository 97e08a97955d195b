"""Latents in files for other tools: .npz and .safetensors, both without pickles."""

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

import numpy as np
from numpy.lib.npyio import NpzFile
from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialize

from auricle.atomic import atomic_write
from auricle.errors import ModelError, OptionError
from auricle.model.registry import Frozen

_KEY = "auricle"
_ARRAY = "latents"
_MOST_BYTES = 8 << 30

Arrays = Mapping[str, np.ndarray]


@final
class LatentMetadata(Frozen):
    """What must be known of latents to decode them."""

    model: str = Field(max_length=64, description="name of the autoencoder")
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$", description="of the autoencoder")
    sample_rate: int = Field(ge=1, description="of the model, in Hz")
    hop_length: int = Field(ge=1, description="samples per frame")
    samples: int = Field(ge=1, description="of the sound per channel, at the model's rate")
    channels: str = Field(default="mono", description="mono; middle and side; or as in the sound")


@final
@dataclass(frozen=True, eq=False)
class LatentFile:
    """Latents float32 ``(c, n, d)`` and what they are; None where other software wrote them and did not say."""

    latents: np.ndarray
    metadata: LatentMetadata | None


def save_latents(file: LatentFile, path: Path, *, force: bool) -> None:
    """Write .npz or .safetensors: an array ``latents`` and a text ``auricle`` (JSON).

    Raises:
        OptionError: another suffix.
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    assert file.metadata is not None
    save_arrays({_ARRAY: file.latents}, file.metadata.model_dump_json(), path, force=force)


def load_latents(path: Path) -> LatentFile:
    """Read them back, or an array ``latents`` that other software wrote.

    Raises:
        OptionError: another suffix.
        ModelError: the file is damaged, or holds something else.
    """
    arrays, text = load_arrays(path)
    latents = arrays.get(_ARRAY)
    if latents is None or latents.ndim not in (2, 3) or 0 in latents.shape or latents.dtype.kind != "f":
        raise ModelError(f"{path} has no array 'latents' of floats (c, n, d): export it again")
    latents = np.ascontiguousarray(latents if latents.ndim == 3 else latents[None], np.float32)
    if not np.isfinite(latents).all():
        raise ModelError(f"{path} holds latents that are not finite: export it again")
    return LatentFile(latents, None if text is None else parse_metadata(path, text, LatentMetadata))


def parse_metadata(path: Path, text: str, model: type[Frozen]) -> Any:
    """What the text of a file says.

    Raises:
        ModelError: something else.
    """
    try:
        return model.model_validate(json.loads(text))
    except (ValueError, ValidationError, RecursionError) as error:
        raise ModelError(f"{path} does not say what it holds: export it again with this version") from error


def save_arrays(arrays: Arrays, metadata: str, path: Path, *, force: bool) -> None:
    """Write arrays and a text; the suffix chooses the format.

    Raises:
        OptionError: a suffix other than .npz and .safetensors.
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    write = _by_suffix(path, _WRITERS)
    with atomic_write(path, force=force) as temporary:
        write(temporary, arrays, metadata)


def load_arrays(path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    """Read arrays and the text, if there is one.

    Raises:
        OptionError: a suffix other than .npz and .safetensors.
        ModelError: there is no such file, or it is damaged or too large.
    """
    read = _by_suffix(path, _READERS)
    if not path.is_file():
        raise ModelError(f"{path} does not exist: check the name")
    if path.stat().st_size > _MOST_BYTES:
        raise ModelError(f"{path} has more than {_MOST_BYTES >> 30} GiB: use shorter sounds")
    try:
        return read(path)
    except (SafetensorError, zipfile.BadZipFile, ValueError, OSError, EOFError, KeyError, MemoryError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ModelError(f"{path} can't be read ({reason}): export it again") from error


def check_arrays_name(path: Path) -> None:
    """Refuse other names.

    Raises:
        OptionError: a suffix other than .npz and .safetensors.
    """
    _by_suffix(path, _WRITERS)


def is_arrays_name(path: Path) -> bool:
    """Whether the suffix is .npz or .safetensors."""
    return path.suffix.lower() in _WRITERS


def _by_suffix(path: Path, formats: Mapping[str, Any]) -> Any:
    if path.suffix.lower() not in formats:
        raise OptionError(f"latents are not kept in {path.name!r}: end the name with {' or '.join(formats)}")
    return formats[path.suffix.lower()]


def _write_npz(path: Path, arrays: Arrays, metadata: str) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **{**arrays, _KEY: np.array(metadata)})


def _write_safetensors(path: Path, arrays: Arrays, metadata: str) -> None:
    contiguous = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    path.write_bytes(serialize(contiguous, {_KEY: metadata}))


def _read_npz(path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError("it unpacks to too much")
    with path.open("rb") as stream, NpzFile(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    text = arrays.pop(_KEY, None)
    return arrays, None if text is None else str(text)


def _read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    with safe_open(path, framework="np") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return arrays, (file.metadata() or {}).get(_KEY)


_WRITERS: Mapping[str, Callable[[Path, Arrays, str], None]] = MappingProxyType(
    {".npz": _write_npz, ".safetensors": _write_safetensors}
)
_READERS: Mapping[str, Callable[[Path], tuple[dict[str, np.ndarray], str | None]]] = MappingProxyType(
    {".npz": _read_npz, ".safetensors": _read_safetensors}
)
