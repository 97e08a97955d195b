"""Prior files: one .safetensors with configuration, classes and origin. Checked before believed, never a pickle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from pydantic import ValidationError
from safetensors.numpy import save_file

from auricle.atomic import atomic_write
from auricle.errors import ConfigError, ModelError
from auricle.model.config import describe, printable
from auricle.model.files.untrusted import (
    blank,
    check_described,
    check_finite,
    check_stated,
    described,
    opened,
    printed,
    short,
)
from auricle.synth.priors.base import Origin, Prior, PriorConfig, PriorInfo
from auricle.synth.priors.flow import FlowConfig
from auricle.synth.priors.recurrent import RecurrentConfig

FORMAT = "auricle-prior"
VERSION = 1
SUFFIX = ".prior.safetensors"
KINDS = (FlowConfig, RecurrentConfig)
"""Kinds of prior that files may hold; naming them here registers them."""
_NOUN = "prior"
_EXACT = ("mean", "deviation", "silence")
_SHOWN = 16


@final
@dataclass(frozen=True)
class _Words:
    """The metadata of a prior file; ``digest`` is what it says of its contents."""

    config: PriorConfig
    origin: Origin
    info: PriorInfo
    digest: str


def shipped_priors() -> dict[str, Path]:
    """Names and paths of the priors inside the package."""
    folder = Path(str(resources.files("auricle") / "pretrained"))
    return {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def resolve_prior(name_or_path: str | Path) -> Path:
    """Path of a shipped prior's name, or of a file.

    Raises:
        ModelError: neither a shipped name nor a file.
    """
    known = shipped_priors()
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = ", ".join(known) or "none"
    raise ModelError(f"no prior {str(name_or_path)!r}: name a {SUFFIX} file or a shipped prior ({names})")


def save_prior(prior: Prior, path: Path, *, force: bool = False) -> None:
    """Write a prior file, weights in float16; it appears whole or not at all.

    Raises:
        ModelError: a weight is not finite, or too large for float16.
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    arrays = _arrays(prior)
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            raise ModelError(f"prior {prior.info.name!r} can't be saved, {name} is not finite: its training has failed")
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "config": prior.config.model_dump_json(),
        "origin": prior.origin.model_dump_json(),
        "info": prior.info.model_dump_json(),
        "digest": _digest(prior.config, prior.origin, arrays),
    }
    with atomic_write(path, force=force) as temporary:
        save_file(arrays, temporary, metadata)


def load_prior(name_or_path: str | Path) -> Prior:
    """A shipped prior by name, or one from a file: float32, on the CPU, ready for use.

    The file may come from a stranger: it is checked before memory is taken, and what it takes grows with its size only.

    Raises:
        ModelError: unknown, malformed, of a newer version, not finite, or edited.
        ConfigError: its configuration is not one.
    """
    path = resolve_prior(name_or_path)
    with opened(path, _NOUN, SUFFIX) as file:
        words = _words(path, file.metadata() or {})
        found = described(file)
        with blank(path):
            shape = words.config.build(words.origin)
        wanted = {name: (_stored_type(name), tuple(tensor.shape)) for name, tensor in shape.state_dict().items()}
        check_described(path, wanted, found)
        arrays = {name: file.get_tensor(name) for name in found}
    check_finite(path, arrays)
    actual = _digest(words.config, words.origin, arrays)
    if actual != words.digest:
        raise ModelError(
            f"{path} has contents of digest {actual[:_SHOWN]} but states {words.digest[:_SHOWN]}: the file is damaged "
            "or was edited, get it again"
        )
    prior = words.config.build(words.origin, words.info)
    tensors = {name: torch.from_numpy(value.astype(np.float32)) for name, value in arrays.items()}
    prior.load_state_dict(tensors, strict=True)
    return prior.eval().requires_grad_(False)


def read_prior_metadata(name_or_path: str | Path) -> dict[str, Any]:
    """Configuration, origin and info of a prior file as plain values, without building it.

    Raises:
        ModelError: as :func:`load_prior`, as far as the metadata shows it.
        ConfigError: as :func:`load_prior`.
    """
    path = resolve_prior(name_or_path)
    with opened(path, _NOUN, SUFFIX) as file:
        words = _words(path, file.metadata() or {})
    parts = {"config": words.config, "origin": words.origin, "info": words.info}
    return {name: part.model_dump(mode="json") for name, part in parts.items()}


def _arrays(prior: Prior) -> dict[str, np.ndarray]:
    arrays = {}
    for name, tensor in prior.state_dict().items():
        value = tensor.detach().cpu().numpy()
        if name not in _EXACT:
            with np.errstate(over="ignore"):  # what becomes infinite is refused where it is saved
                value = value.astype(np.float16)
        arrays[name] = np.ascontiguousarray(value)
    return dict(sorted(arrays.items()))


def _stored_type(name: str) -> str:
    return "F32" if name in _EXACT else "F16"


def _digest(config: PriorConfig, origin: Origin, arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 (hex) of everything that decides what is drawn."""
    digest = hashlib.sha256()
    for part in (config, origin):
        digest.update(json.dumps(part.model_dump(mode="json"), sort_keys=True).encode())
    for name, value in sorted(arrays.items()):
        digest.update(f"{name} {value.dtype.str} {value.shape}".encode())
        digest.update(value.data)
    return digest.hexdigest()


def _words(path: Path, metadata: Mapping[str, str]) -> _Words:
    if metadata.get("format") != FORMAT or not short(metadata):
        raise ModelError(f"{path} is a safetensors file but not an Auricle prior: use a {SUFFIX} file")
    if metadata.get("version") != str(VERSION):
        version = printable(metadata.get("version", "none"))
        raise ModelError(f"{path} has prior version {version}, known is {VERSION}: update Auricle")
    missing = {"config", "origin", "info", "digest"} - metadata.keys()
    if missing:
        raise ModelError(f"{path} lacks {', '.join(sorted(missing))} in its metadata: save it again")
    digest = check_stated(path, metadata["digest"])
    try:
        config = PriorConfig.model_validate_json(metadata["config"])
        origin = Origin.model_validate_json(metadata["origin"])
        info = PriorInfo.model_validate_json(metadata["info"])
        info = PriorInfo.model_validate(printed(info.model_dump()))
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error)}") from error
    return _Words(config, origin, info, digest)
