"""The bits that a sound takes under a model, latent by latent (what a prior finds usual is cheap), and its spectrum."""

from typing import final

import numpy as np
import torch

from auricle.classify.features.base import Extractor, digest
from auricle.classify.features.latents import encoder_fingerprint
from auricle.classify.features.mel_baselines import LogMelFeatures
from auricle.classify.features.pooling import normalise_level
from auricle.errors import ModelError
from auricle.model import Autoencoder
from auricle.model.files.writing import fingerprint

_FLOOR = 0.1
"""Bits a second below which a latent counts as silent."""
_QUALITIES = (0.0, 0.5, 1.0)


@final
class BitFeatures(Extractor):
    """Logarithms of the bits a second that each latent takes at the lowest, the middle and the highest quality, and
    statistics of log-mel bands: a gap or a click hardly changes the bits of a second, but a band's extremes.

    Sounds are brought to one level first.

    Attributes:
        columns: how many of the features, the first ones, are of bits.

    Raises:
        ModelError: the model has no prior that could say how many bits a sound takes.
    """

    def __init__(self, model: Autoencoder) -> None:
        silence = _usage(model, _latents(model, np.zeros(model.hop_length, np.float32)), 0.0)
        if "bits" not in silence:
            raise ModelError(f"{model.name!r} has no prior over its codes: choose a model with an entropy bottleneck")
        identity = digest("bits", 2, encoder_fingerprint(model), fingerprint(model))
        super().__init__(f"bits of {model.name}", model.sample_rate, identity)
        self._model, self._bands = model, LogMelFeatures(model.sample_rate)
        self.columns = len(_QUALITIES) * len(silence["bits"])

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        levels = [share * (self._model.bottleneck.quality_levels - 1) for share in _QUALITIES]
        z = _latents(self._model, normalise_level(audio))
        bits = [_usage(self._model, z, quality)["bits"].numpy() for quality in levels]
        return np.concatenate(
            (np.log2(np.concatenate(bits) + _FLOOR), self._bands.mono_features(audio)), dtype=np.float32
        )

    def kilobits(self, values: np.ndarray) -> np.ndarray:
        """Kilobits a second at the middle quality, of features ``(n, d)``."""
        size = self.columns // len(_QUALITIES)
        return np.maximum(0.0, 2.0 ** values[:, size : 2 * size] - _FLOOR).sum(axis=1) / 1000


@torch.inference_mode()
def _latents(model: Autoencoder, audio: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(model.encode(torch.from_numpy(audio)[None]))


@torch.inference_mode()
def _usage(model: Autoencoder, z: torch.Tensor, quality: float) -> dict[str, torch.Tensor]:
    return model.bottleneck.usage(z, torch.full((1,), quality))
