"""What tells unusual sounds: bits under a model, latent by latent (the usual is cheap), bands and the waveform."""

from types import MappingProxyType
from typing import final

import numpy as np
import torch

from auricle.classify.anomaly.waveform import WAVEFORM_SIZE, waveform_statistics
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
class AnomalyFeatures(Extractor):
    """Three families: logarithms of the bits a second that each latent takes at the lowest, the middle and the highest
    quality; statistics of log-mel bands, whose extremes a gap changes; statistics of the waveform, which clipping and
    clicks change.

    Sounds are brought to one level first.

    Attributes:
        families: the columns of each family by its name.

    Raises:
        ModelError: the model has no prior that could say how many bits a sound takes.
    """

    def __init__(self, model: Autoencoder) -> None:
        silence = _usage(model, _latents(model, np.zeros(model.hop_length, np.float32)), 0.0)
        if "bits" not in silence:
            raise ModelError(f"{model.name!r} has no prior over its codes: choose a model with an entropy bottleneck")
        identity = digest("bits", 3, encoder_fingerprint(model), fingerprint(model))
        super().__init__(f"bits of {model.name}", model.sample_rate, identity)
        self._model, self._bands = model, LogMelFeatures(model.sample_rate)
        columns = len(_QUALITIES) * len(silence["bits"])
        self.families = MappingProxyType(
            {"bits": slice(columns), "bands": slice(columns, -WAVEFORM_SIZE), "waveform": slice(-WAVEFORM_SIZE, None)}
        )

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        levels = [share * (self._model.bottleneck.quality_levels - 1) for share in _QUALITIES]
        z = _latents(self._model, normalise_level(audio))
        bits = [_usage(self._model, z, quality)["bits"].numpy() for quality in levels]
        families = (
            np.log2(np.concatenate(bits) + _FLOOR),
            self._bands.mono_features(audio),
            waveform_statistics(audio, self.sample_rate),
        )
        return np.concatenate(families, dtype=np.float32)

    def kilobits(self, values: np.ndarray) -> np.ndarray:
        """Kilobits a second at the middle quality, of features ``(n, d)``."""
        logarithms = np.split(values[:, self.families["bits"]], len(_QUALITIES), axis=1)[1]
        return np.maximum(0.0, 2.0**logarithms - _FLOOR).sum(axis=1) / 1000


@torch.inference_mode()
def _latents(model: Autoencoder, audio: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(model.encode(torch.from_numpy(audio)[None]))


@torch.inference_mode()
def _usage(model: Autoencoder, z: torch.Tensor, quality: float) -> dict[str, torch.Tensor]:
    return model.bottleneck.usage(z, torch.full((1,), quality))
