"""Features from an autoencoder's encoder, trained or not."""

import hashlib
from abc import ABC
from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import torch

from auricle.classify.features.base import Extractor, digest
from auricle.classify.features.pooling import FeatureConfig, pool_features
from auricle.classify.features.window_pooling import pool_windows
from auricle.classify.own_encoder import encoder_arrays
from auricle.model import Autoencoder
from auricle.options.classification import FeatureKind

_VERSION = 1
"""Of the way that features are made: other features, another number."""


def encoder_fingerprint(model: Autoencoder) -> str:
    """SHA-256 (hex) of the arrays and settings that decide what sounds are encoded to.

    The fingerprint of a model file is that of the decoder: two models that read each other's files may have other
    encoders, and so other features.
    """
    sha = hashlib.sha256(model.config.model_dump_json(include={"sample_rate", "transform", "encoder"}).encode())
    for name, value in encoder_arrays(model).items():
        sha.update(f"{name} {value.dtype.str} {value.shape}".encode())
        sha.update(value.data)
    return sha.hexdigest()


class EncoderFeatures(Extractor, ABC):
    """Features of which at least a part comes from an autoencoder's encoder.

    Attributes:
        model: whose encoder.
        config: how its activations are pooled.
        fingerprint: of the encoder.
        kind: which features these are.
        arrays: what has been learned besides the encoder, by name; a file that must work with these features holds it.
    """

    kind: FeatureKind

    def __init__(self, model: Autoencoder, config: FeatureConfig, fingerprint: str, name: str, identity: str) -> None:
        self.model, self.config, self.fingerprint = model, config, fingerprint
        self.arrays: Mapping[str, np.ndarray] = {}
        super().__init__(name, model.sample_rate, identity)


@final
class LatentFeatures(EncoderFeatures):
    """What the encoder of an autoencoder makes of a sound."""

    kind = "latents"

    def __init__(self, model: Autoencoder, config: FeatureConfig | None = None, *, name: str | None = None) -> None:
        pooling, fingerprint = config or FeatureConfig(), encoder_fingerprint(model)
        identity = digest("latents", _VERSION, fingerprint, pooling.model_dump_json())
        super().__init__(model.eval(), pooling, fingerprint, name or model.name, identity)

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        return pool_features(self.model, audio, self.config)

    def of_equal_windows(self, audio: np.ndarray, starts: Sequence[int], length: int) -> np.ndarray:
        return pool_windows(self.model, audio, starts, length, self.config)


def random_encoder(model: Autoencoder, *, seed: int = 0) -> Autoencoder:
    """An encoder of the same shape that has learned nothing but the scale of its input.

    Features that are no better owe nothing to the training (see Pons and Serra, "Randomly weighted CNNs for (music)
    audio classification", 2019).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = Autoencoder(model.config, model.info)
    learned = model.state_dict()
    scales = {name: value for name, value in learned.items() if name.endswith(".deviation")}
    fresh.load_state_dict({**fresh.state_dict(), **scales})
    return fresh.to(next(model.parameters()).device).eval().requires_grad_(False)
