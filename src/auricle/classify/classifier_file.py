"""Classifier files: one .safetensors of arrays, with words about them as JSON. Never a pickle."""

import json
from pathlib import Path
from typing import final

from pydantic import ConfigDict, Field, SerializeAsAny, ValidationError

from auricle.classify.detection.novelty import NOVELTY_LAYOUT
from auricle.classify.detection.settings import DetectionSettings
from auricle.classify.detection.verifier import VERIFIER, VERIFIER_LAYOUT
from auricle.classify.features.hearing_file import HEARING, hearing_layout
from auricle.classify.features.pooling import FeatureConfig
from auricle.classify.own_encoder import ENCODER, encoder_layout
from auricle.classify.probes.group_scaling import GROUP_SCALING_LAYOUT
from auricle.classify.probes.probe import Arrays, Probe
from auricle.data.labels import MAX_CLASSES
from auricle.errors import ModelError
from auricle.model import AutoencoderConfig
from auricle.model.config import describe
from auricle.model.files.tensor_file import (
    CHECKSUM,
    FileKind,
    Layout,
    first_misfit,
    open_tensor_file,
    without_control_characters,
    write_tensor_file,
)
from auricle.model.registry import Frozen
from auricle.options.classification import FeatureKind
from auricle.printable import printable

SUFFIX = ".classifier.safetensors"
CLASSIFIER_FILE = FileKind(
    "classifier", SUFFIX, "auricle-classifier", 1, ("classifier", CHECKSUM), largest_file=1 << 30, largest_text=8 << 20
)


@final
class JudgedAccuracy(Frozen):
    """How well sounds were recognised that were held out in turn while the probe's strength was chosen: a little better
    than new sounds are, because the best of a few strengths was taken; `auricle classify evaluate` measures without it.
    """

    protocol: str = Field(max_length=200, description="what was held out")
    accuracy: float = Field(ge=0, le=1, description="share of the held-out sounds that were recognised")
    low: float = Field(ge=0, le=1, description="lower end of its 95 % interval")
    high: float = Field(ge=0, le=1, description="upper end")
    sounds: int = Field(ge=1, description="that were judged")


@final
class ClassifierInfo(Frozen):
    """Where a classifier comes from; it changes nothing about how it works."""

    name: str = Field(default="", max_length=64, description="short name")
    description: str = Field(default="", max_length=2000, description="what it is for")
    licence: str = Field(default="", max_length=200, description="licence of the weights")
    data: str = Field(default="", max_length=10_000, description="what it learned from, with licences")


@final
class ClassifierMetadata(Frozen):
    """What a fitted probe is for."""

    model_config = ConfigDict(populate_by_name=True)

    model: str = Field(max_length=64, description="name of its autoencoder")
    encoder: str = Field(pattern="^[0-9a-f]{64}$", description="fingerprint of its autoencoder's encoder")
    sample_rate: int = Field(ge=1, le=384_000, description="of the autoencoder, in Hz")
    feature_config: FeatureConfig = Field(
        validation_alias="recipe", serialization_alias="recipe", description="how features are made"
    )
    features: FeatureKind = Field(default="latents", description="what is heard besides: hearing has patches")
    probe: SerializeAsAny[Probe] = Field(description="what has learned")
    classes: tuple[str, ...] = Field(min_length=2, max_length=MAX_CLASSES, description="names, in order")
    files: dict[str, int] = Field(max_length=MAX_CLASSES, description="sounds of each class that it learned from")
    copies: int = Field(default=0, ge=0, le=100, description="altered copies of each sound that it learned from too")
    normalise_groups: bool = Field(default=False, description="whether features are relative to those of their group")
    window: float = Field(ge=0.01, le=30, description="seconds of a window of a timeline")
    own_encoder: AutoencoderConfig | None = Field(
        default=None,
        validation_alias="own",
        serialization_alias="own",
        description="shape of the encoder that the file itself holds",
    )
    judged: JudgedAccuracy | None = Field(default=None, description="accuracy on sounds held out in turn, if known")
    info: ClassifierInfo = Field(default=ClassifierInfo(), description="where it comes from")
    detection: DetectionSettings | None = Field(
        default=None, description="how events are found, if it learned from events in long recordings"
    )


def shipped_classifiers() -> dict[str, Path]:
    """Names and paths of the classifiers inside the package."""
    return CLASSIFIER_FILE.shipped()


def write_classifier(path: Path, metadata: ClassifierMetadata, arrays: Arrays, *, force: bool = False) -> None:
    """Write a file; it appears whole or not at all.

    Raises:
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    texts = {"classifier": metadata.model_dump_json(by_alias=True)}
    write_tensor_file(path, CLASSIFIER_FILE, arrays, texts, force=force)


def read_classifier(path: Path) -> tuple[ClassifierMetadata, Arrays]:
    """Read a file that may come from a stranger: nothing is believed before it was checked.

    Raises:
        ModelError: it is missing, malformed, of a newer version, or has arrays of other shapes or types than its probe
            needs, or values that are not finite, or has changed since it was written.
    """
    with open_tensor_file(path, CLASSIFIER_FILE) as file:
        metadata = _parse_metadata(path, file.metadata["classifier"])
        _check_shapes(path, metadata, file.layout)
        arrays = file.read()
    _check_values(path, metadata, arrays)
    return metadata, arrays


def _parse_metadata(path: Path, text: str) -> ClassifierMetadata:
    try:
        metadata = ClassifierMetadata.model_validate(json.loads(text))
        info = ClassifierInfo.model_validate(without_control_characters(metadata.info.model_dump()))
        metadata = metadata.model_copy(update={"info": info})
    except ValidationError as error:
        raise ModelError(f"{path}: {describe(error)}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: its description can't be read: the file is damaged") from error
    if len(set(metadata.classes)) != len(metadata.classes) or not all(map(str.isprintable, metadata.classes)):
        raise ModelError(f"{path}: two of its classes have one name, or one can't be printed: the file is damaged")
    return metadata


def _check_shapes(path: Path, metadata: ClassifierMetadata, layout: Layout) -> None:
    """Compare types and shapes with what the probe needs; a letter stands for the same size everywhere."""
    expected = {**metadata.probe.layout, "temperature": ("F32", "1")}
    if metadata.normalise_groups:
        expected |= GROUP_SCALING_LAYOUT
    if metadata.detection is not None:
        expected |= NOVELTY_LAYOUT
    if metadata.detection is not None and any(name.startswith(VERIFIER) for name in layout):
        expected |= VERIFIER_LAYOUT
    encoder = {name: shape for name, shape in layout.items() if name.startswith(ENCODER)}
    if encoder != ({} if metadata.own_encoder is None else encoder_layout(path, metadata.own_encoder)):
        raise ModelError(f"{path} holds another encoder than it describes: the file is damaged")
    hearing = {name: shape for name, shape in layout.items() if name.startswith(HEARING)}
    if hearing != (hearing_layout(path, layout, HEARING) if metadata.features == "hearing" else {}):
        raise ModelError(f"{path} holds other features than it describes: the file is damaged")
    if expected.keys() != layout.keys() - encoder.keys() - hearing.keys():
        names = ", ".join(printable(name, 60) for name in sorted(layout))
        raise ModelError(f"{path} holds {names}: the file is damaged")
    misfit = first_misfit(layout, expected, {"1": 1, "c": len(metadata.classes)})
    if misfit is not None:
        dtype, shape = layout[misfit]
        raise ModelError(f"{path}: array {misfit} has shape {shape} of {printable(dtype, 60)}: the file is damaged")


def _check_values(path: Path, metadata: ClassifierMetadata, arrays: Arrays) -> None:
    positive = ("scale", "temperature", "neighbours", f"{VERIFIER}scale")
    wrong = [name for name in positive if name in arrays and not (arrays[name] > 0).all()]
    wrong += [name for name in arrays if name.endswith(".deviation") and not (arrays[name] > 0).all()]
    labels = arrays.get("labels")
    if labels is not None and not ((labels >= 0) & (labels < len(metadata.classes))).all():
        wrong.append("labels")
    if wrong:
        raise ModelError(f"{path}: array {wrong[0]} has values out of range: the file is damaged")
