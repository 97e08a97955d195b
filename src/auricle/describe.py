"""What a file tells about itself: a model or a compressed sound."""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, final

from auricle.codec import AurInfo
from auricle.codec import info as codec_info

_MODEL_SUFFIX = ".safetensors"


@final
@dataclass(frozen=True)
class ModelSummary:
    """A model file.

    Attributes:
        path: the file.
        bytes: its size.
        parameters: numbers in its weights, without tables.
        latency_seconds: by which sound that goes through encoder and decoder lags, without packets.
        fingerprint: SHA-256 of what decides decoding, 64 hexadecimal digits.
        config: the complete configuration as plain values.
        info: name, description, licence, data, training and metrics as plain values.
    """

    path: Path
    bytes: int
    parameters: int
    latency_seconds: float
    fingerprint: str
    config: dict[str, Any]
    info: dict[str, Any]


def info(path: str | Path) -> AurInfo | ModelSummary:
    """Describe an .aur file, a model file, or a shipped model by its name.

    Raises:
        FormatError: the .aur file is missing, not one, or damaged.
        ModelError: the model is unknown, or its file is not one.
    """
    file = Path(path)
    if file.suffix == _MODEL_SUFFIX or (not file.suffix and not file.exists()):
        return _model(path)
    return codec_info(file)


def _model(name_or_path: str | Path) -> ModelSummary:
    from safetensors import safe_open

    from auricle.model.config import AutoencoderConfig  # loads torch
    from auricle.model.file import read_metadata, resolve
    from auricle.model.stored import blank_model

    metadata = read_metadata(name_or_path)
    path = resolve(name_or_path)
    with safe_open(path, framework="np") as file:
        names = [name for name in file.keys() if not name.startswith("tables.")]  # noqa: SIM118
        parameters = sum(prod(file.get_slice(name).get_shape()) for name in names)
    blank = blank_model(path, AutoencoderConfig.model_validate(metadata["config"]))
    return ModelSummary(path, path.stat().st_size, parameters, blank.lag / blank.sample_rate, **metadata)
