"""The bits that a sound takes under a model, latent by latent: what a prior finds usual is cheap."""

from typing import final

import numpy as np
import torch

from auricle.classify.features.base import Extractor, digest
from auricle.classify.features.latents import encoder_fingerprint
from auricle.classify.features.pooling import normalise_level
from auricle.errors import ModelError
from auricle.model import Autoencoder
from auricle.model.files.writing import fingerprint

_FLOOR = 0.1
"""Bits a second below which a latent counts as silent."""
_QUALITIES = (0.0, 0.5, 1.0)


@final
class BitFeatures(Extractor):
    """Logarithms of the bits a second that each latent takes at the lowest, the middle and the highest quality.

    Sounds are brought to one level first.

    Raises:
        ModelError: the model has no prior that could say how many bits a sound takes.
    """

    def __init__(self, model: Autoencoder) -> None:
        if "bits" not in _usage(model, _latents(model, np.zeros(model.hop_length, np.float32)), 0.0):
            raise ModelError(f"{model.name!r} has no prior over its codes: choose a model with an entropy bottleneck")
        identity = digest("bits", 1, encoder_fingerprint(model), fingerprint(model))
        super().__init__(f"bits of {model.name}", model.sample_rate, identity)
        self._model = model

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        levels = [share * (self._model.bottleneck.quality_levels - 1) for share in _QUALITIES]
        z = _latents(self._model, normalise_level(audio))
        bits = [_usage(self._model, z, quality)["bits"].numpy() for quality in levels]
        return np.log2(np.concatenate(bits) + _FLOOR).astype(np.float32)

    def kilobits(self, values: np.ndarray) -> np.ndarray:
        """Kilobits a second at the middle quality, of features ``(n, d)``."""
        size = values.shape[1] // len(_QUALITIES)
        return np.maximum(0.0, 2.0 ** values[:, size : 2 * size] - _FLOOR).sum(axis=1) / 1000


@torch.inference_mode()
def _latents(model: Autoencoder, audio: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(model.encode(torch.from_numpy(audio)[None]))


@torch.inference_mode()
def _usage(model: Autoencoder, z: torch.Tensor, quality: float) -> dict[str, torch.Tensor]:
    return model.bottleneck.usage(z, torch.full((1,), quality))
