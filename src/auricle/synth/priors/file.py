"""Prior files: one .safetensors with configuration, classes and origin. Checked before believed, never a pickle."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from pydantic import ValidationError

from auricle.errors import ConfigError, ModelError
from auricle.model.config import describe
from auricle.model.files.stored import SkippedInitialisation, without_memory
from auricle.model.files.tensor_file import (
    FileKind,
    check_digest,
    check_layout,
    open_tensor_file,
    short_digest,
    without_control_characters,
    write_tensor_file,
)
from auricle.options.field_types import check_arguments
from auricle.synth.priors.base import Origin, Prior, PriorConfig, PriorInfo
from auricle.synth.priors.flow import FlowConfig
from auricle.synth.priors.recurrent import RecurrentConfig

SUFFIX = ".prior.safetensors"
PRIOR_FILE = FileKind("prior", SUFFIX, "auricle-prior", 1, ("config", "origin", "info", "digest"))
KINDS = (FlowConfig, RecurrentConfig)
"""Kinds of prior that files may hold; naming them here registers them."""
_EXACT = ("mean", "deviation", "silence", "sizes")


@final
@dataclass(frozen=True)
class _PriorMetadata:
    """The metadata of a prior file; ``digest`` is what it says of its contents.

    ``texts`` are configuration and origin as the file words them: fields that are younger than the file are not there.
    """

    config: PriorConfig
    origin: Origin
    info: PriorInfo
    texts: tuple[str, str]
    digest: str


def shipped_priors() -> dict[str, Path]:
    """Names and paths of the priors inside the package."""
    return PRIOR_FILE.shipped()


def names_prior(source: object) -> bool:
    """Whether this is the name of a prior in the package, or of a prior's file."""
    return str(source) in shipped_priors() or str(source).endswith(SUFFIX)


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
    texts = {
        "config": prior.config.model_dump_json(),
        "origin": prior.origin.model_dump_json(),
        "info": prior.info.model_dump_json(),
    }
    texts["digest"] = _digest((texts["config"], texts["origin"]), arrays)
    write_tensor_file(path, PRIOR_FILE, arrays, texts, force=force)


@check_arguments()
def load_prior(name_or_path: str | Path) -> Prior:
    """A shipped prior by name, or one from a file: float32, on the CPU, ready for use.

    The file may come from a stranger: it is checked before memory is taken, and what it takes grows with its size only.

    Raises:
        OptionError: an argument of the wrong type.
        ModelError: unknown, malformed, of a newer version, not finite, or edited.
        ConfigError: its configuration is not one.
    """
    path = PRIOR_FILE.resolve(name_or_path)
    with open_tensor_file(path, PRIOR_FILE) as file:
        metadata = _parsed(path, file.metadata)
        with without_memory(path):
            blank = metadata.config.build(metadata.origin)
        expected = {name: (_stored_type(name), tuple(tensor.shape)) for name, tensor in blank.state_dict().items()}
        check_layout(path, expected, file.layout)
        arrays = file.read()
    actual = _digest(metadata.texts, arrays)
    if actual != metadata.digest:
        raise ModelError(
            f"{path} has contents of digest {short_digest(actual)} but states {short_digest(metadata.digest)}: the "
            "file is damaged or was edited, get it again"
        )
    with SkippedInitialisation():
        prior = metadata.config.build(metadata.origin, metadata.info)
    tensors = {name: torch.from_numpy(value.astype(np.float32)) for name, value in arrays.items()}
    prior.load_state_dict(tensors, strict=True)
    return prior.eval().requires_grad_(False)


def read_prior_metadata(name_or_path: str | Path) -> dict[str, Any]:
    """Configuration, origin and info of a prior file as plain values, without building it.

    Raises:
        ModelError: as :func:`load_prior`, as far as the metadata shows it.
        ConfigError: as :func:`load_prior`.
    """
    path = PRIOR_FILE.resolve(name_or_path)
    with open_tensor_file(path, PRIOR_FILE) as file:
        metadata = _parsed(path, file.metadata)
    parts = {"config": metadata.config, "origin": metadata.origin, "info": metadata.info}
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


def _digest(texts: Iterable[str], arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 (hex) of everything that decides what is drawn; ``texts`` are configuration and origin as JSON."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(json.dumps(json.loads(text), sort_keys=True).encode())
    for name, value in sorted(arrays.items()):
        digest.update(f"{name} {value.dtype.str} {value.shape}".encode())
        digest.update(value.data)
    return digest.hexdigest()


def _parsed(path: Path, metadata: Mapping[str, str]) -> _PriorMetadata:
    digest = check_digest(path, metadata["digest"])
    try:
        config = PriorConfig.model_validate_json(metadata["config"])
        origin = Origin.model_validate_json(metadata["origin"])
        info = PriorInfo.model_validate_json(metadata["info"])
        info = PriorInfo.model_validate(without_control_characters(info.model_dump()))
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error)}") from error
    return _PriorMetadata(config, origin, info, (metadata["config"], metadata["origin"]), digest)
