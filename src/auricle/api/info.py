"""What a file tells about itself: a model, a prior, a classifier or a compressed sound."""

from dataclasses import dataclass, replace
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any, final

from auricle.codec import AurInfo
from auricle.codec import info as codec_info
from auricle.codec.format.container import MAGIC
from auricle.errors import FormatError
from auricle.hub.download import is_hub_name, local_path
from auricle.open_files import FileSource, local_file
from auricle.options.field_types import check_arguments

_MODEL_SUFFIX, PRIOR_SUFFIX, CLASSIFIER_SUFFIX = ".safetensors", ".prior.safetensors", ".classifier.safetensors"


@final
@dataclass(frozen=True)
class ModelSummary:
    """What a model file tells.

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


@final
@dataclass(frozen=True)
class PriorSummary:
    """What a prior's file tells.

    Attributes:
        path: the file.
        bytes: its size.
        config: its shape as plain values.
        origin: its autoencoder and classes as plain values.
        info: name, description, licence, data, training and metrics as plain values.
    """

    path: Path
    bytes: int
    config: dict[str, Any]
    origin: dict[str, Any]
    info: dict[str, Any]


@final
@dataclass(frozen=True)
class ClassifierSummary:
    """What a classifier's file tells.

    Attributes:
        path: the file.
        bytes: its size.
        config: everything it was made with, as plain values.
        model: name of its autoencoder.
        classes: what it tells apart.
        files: sounds of each class that it learned from; where it learned from events of long recordings, these.
        probe: kind of probe.
        features: hearing or latents.
        encoder: fingerprint of the encoder that it was fitted with.
        copies: altered copies of each sound that it learned from too.
        normalise_groups: whether features are relative to those of their group.
        judged: how it was judged, accuracy with its 95 % interval, number of sounds; empty where that is not known.
        detection: of events: windows, thresholds and how they were chosen; empty where it learned from whole sounds.
    """

    path: Path
    bytes: int
    config: dict[str, Any]
    model: str
    classes: tuple[str, ...]
    files: dict[str, int]
    probe: str
    features: str
    encoder: str
    copies: int
    normalise_groups: bool
    judged: dict[str, Any]
    detection: dict[str, Any]


@check_arguments("source")
def info(source: FileSource) -> AurInfo | ModelSummary | PriorSummary | ClassifierSummary:
    """Describe an .aur file, a model, prior or classifier file, a shipped one by its name, or one on the hub
    (``hf://owner/name``).

    The content of a file decides which record comes back; ``isinstance`` tells them apart.

    Args:
        source: the name, or the file: its path, or an open one (an upload, a pipe), which is left where it stood if it
            can seek, and whose name the record then has as its ``path``.

    Raises:
        FormatError: the .aur file is missing, not one, or damaged.
        ModelError: the model is unknown, or its file is not one.
    """
    if isinstance(source, str | PathLike):
        return _summary(local_path(Path(source)) if is_hub_name(str(source)) else source)
    with local_file(source) as file:
        return replace(_summary(file.path), path=file.name)


def _summary(path: str | PathLike[str]) -> AurInfo | ModelSummary | PriorSummary | ClassifierSummary:
    path = path if isinstance(path, str) else Path(path)
    file = Path(path)
    by_format = {"auricle-model": _model, "auricle-prior": _prior, "auricle-classifier": _classifier}
    if (summary := by_format.get(_stated_format(file))) is not None:
        return summary(file)
    if file.name.endswith(CLASSIFIER_SUFFIX):
        return _classifier(file)
    if (shipped := _shipped_classifier(path)) is not None:
        return _classifier(shipped)
    if file.name.endswith(PRIOR_SUFFIX) or _is_shipped_prior(path):
        return _prior(path)
    if file.suffix == _MODEL_SUFFIX or (not file.suffix and not file.exists()) or _is_shipped_model(path):
        return _model(path)
    if file.is_file() and not _begins_as_aur(file):
        raise FormatError(f"{file} is not an .aur file, nor a model, prior or classifier: name one of these")
    return codec_info(file)


def _begins_as_aur(path: Path) -> bool:
    with path.open("rb") as file:
        begin = file.read(len(MAGIC))
    return begin == MAGIC or not begin


def _stated_format(path: Path) -> str:
    """What a safetensors file says it is; nothing where it is none."""
    try:
        with path.open("rb") as file:
            if file.read(9)[8:] != b"{":
                return ""
    except OSError:
        return ""
    from auricle.model.files.tensor_file import stated_format  # loads torch

    return stated_format(path)


def is_shipped_name(name: str | Path) -> bool:
    """Whether a model, prior or classifier ships under this name, and no file has it; a folder hides none."""
    return _shipped_classifier(name) is not None or _is_shipped_prior(name) or _is_shipped_model(name)


def _is_shipped_model(path: str | Path) -> bool:
    if Path(path).suffix or Path(path).is_file():  # a folder of this name hides nothing
        return False
    from auricle.model import shipped  # loads torch

    return str(path) in shipped()


def _is_shipped_prior(path: str | Path) -> bool:
    if Path(path).suffix or Path(path).is_file():
        return False
    from auricle.synth.priors.file import shipped_priors  # loads torch

    return str(path) in shipped_priors()


def _shipped_classifier(path: str | PathLike[str]) -> Path | None:
    if Path(path).suffix or Path(path).is_file():
        return None
    from auricle.model.files.tensor_file import pretrained  # without the classifier's probes

    shipped = pretrained() / f"{path}{CLASSIFIER_SUFFIX}"
    return shipped if shipped.is_file() else None


def _prior(name_or_path: str | Path) -> PriorSummary:
    from auricle.synth.priors.file import PRIOR_FILE, read_prior_metadata

    metadata = read_prior_metadata(name_or_path)
    path = PRIOR_FILE.resolve(name_or_path)
    return PriorSummary(path, path.stat().st_size, **metadata)


def _classifier(path: Path) -> ClassifierSummary:
    from auricle.classify.classifier_file import read_classifier

    metadata, _ = read_classifier(path)
    config = metadata.model_dump(mode="json", by_alias=True)
    judged = {} if metadata.judged is None else metadata.judged.model_dump()
    return ClassifierSummary(
        path=path,
        bytes=path.stat().st_size,
        config=config,
        model=metadata.model,
        classes=metadata.classes,
        files=metadata.files,
        probe=config["probe"]["kind"],
        features=metadata.features,
        encoder=metadata.encoder,
        copies=metadata.copies,
        normalise_groups=metadata.normalise_groups,
        judged=judged,
        detection={} if config["detection"] is None else {"window": metadata.window, **config["detection"]},
    )


def _model(name_or_path: str | Path) -> ModelSummary:
    from auricle.model.config import AutoencoderConfig  # loads torch
    from auricle.model.files.file import read_metadata
    from auricle.model.files.stored import blank_model
    from auricle.model.files.tensor_file import open_tensor_file
    from auricle.model.files.writing import MODEL_FILE, TABLES

    metadata = read_metadata(name_or_path)
    path = MODEL_FILE.resolve(name_or_path)
    with open_tensor_file(path, MODEL_FILE) as file:
        parameters = sum(prod(shape) for name, (_, shape) in file.layout.items() if not name.startswith(TABLES))
    blank = blank_model(path, AutoencoderConfig.model_validate(metadata["config"]))
    return ModelSummary(path, path.stat().st_size, parameters, blank.lag / blank.sample_rate, **metadata)
