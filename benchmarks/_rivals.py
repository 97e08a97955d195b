"""Features that are compared with the same probe on the same folds: those of the verbs, and what they have to beat."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from auricle.errors import OptionError

if TYPE_CHECKING:
    from auricle.classify.features.base import Extractor
    from auricle.classify.features.patches import PatchDictionary
    from auricle.data.labels import Labels
    from auricle.model import Autoencoder

_HIGHEST_RATE = 48_000
_SEGMENTS = 8


def rivals(labels: "Labels", model: str, hearing: Path | None, *, every: bool = False) -> "Sequence[Extractor]":
    """What is judged first, and its rivals: latents alone, patches alone, statistics of MFCC and log-mel bands of eight
    parts, and 2-D kernels on log-mel that nothing was learned for.

    Args:
        labels: the sounds, whose lengths decide whether order matters.
        model: a shipped model's name or a model file.
        hearing: folder of hearing files, instead of what lies beside the model.
        every: also statistics of whole sounds, and an untrained encoder.

    Raises:
        OptionError: the model has no hearing file.
    """
    from auricle import load
    from auricle.classify.features.descriptors import DescriptorFeatures
    from auricle.classify.features.hearing import HearingFeatures
    from auricle.classify.features.latents import LatentFeatures, random_encoder
    from auricle.classify.features.mel_baselines import LogMelFeatures, MfccFeatures
    from auricle.classify.features.patches import PatchDictionary, PatchFeatures
    from auricle.classify.features.pooling import fitting_feature_config

    encoder, rate = load(model), min(_HIGHEST_RATE, labels.labelled[0].sound.sample_rate)
    config = fitting_feature_config([item.sound.seconds for item in labels.labelled])
    latents = LatentFeatures(encoder, config, name="latents")
    in_order, overlap = config.segments > 1, config.overlap
    patches = _patches(model, encoder, latents.fingerprint, hearing)
    kernels = PatchFeatures(
        PatchDictionary.random(), encoder.sample_rate, in_order=in_order, overlap=overlap, name="2-D kernels"
    )
    first = [
        HearingFeatures(latents, patches),
        latents,
        PatchFeatures(patches, encoder.sample_rate, in_order=in_order, overlap=overlap),
        DescriptorFeatures(encoder.sample_rate),
        MfccFeatures(rate, segments=_SEGMENTS),
        LogMelFeatures(rate, segments=_SEGMENTS),
        kernels,
    ]
    if not every:
        return first
    untrained = LatentFeatures(random_encoder(encoder), config, name="random encoder")
    return [*first, MfccFeatures(rate), LogMelFeatures(rate), untrained]


def whole_mfcc(labels: "Labels") -> "Extractor":
    """Statistics of MFCC of whole sounds."""
    from auricle.classify.features.mel_baselines import MfccFeatures

    return MfccFeatures(min(_HIGHEST_RATE, labels.labelled[0].sound.sample_rate))


def svm_accuracy(values: np.ndarray, names: np.ndarray, folds: np.ndarray) -> float:
    """Share of sounds that an SVM recognises by `whole_mfcc`, as papers have it: what the field calls the baseline."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    right = np.zeros(len(names), bool)
    for fold in np.unique(folds):
        inside = folds != fold
        model = make_pipeline(StandardScaler(), SVC(C=10.0, gamma="scale")).fit(values[inside], names[inside])
        right[~inside] = model.predict(values[~inside]) == names[~inside]
    return float(right.mean())


def _patches(model: str, encoder: "Autoencoder", fingerprint: str, hearing: Path | None) -> "PatchDictionary":
    from auricle.classify.features.hearing_file import SUFFIX, load_hearing, patches_beside

    if hearing is not None:
        return load_hearing(hearing / f"{encoder.name}{SUFFIX}")[0]
    beside = patches_beside(model, fingerprint)
    if beside is None:
        raise OptionError(f"{model} has no hearing file: make one with recipes/hearing.py, and name its folder")
    return beside
