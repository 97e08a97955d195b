"""Features that hear: what an encoder makes of a sound, what patches of its spectrogram find in it, and descriptors."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import final

import numpy as np

from auricle.classify.features.base import digest
from auricle.classify.features.descriptors import DescriptorFeatures
from auricle.classify.features.hearing_file import HEARING, patches_beside, restored_patches
from auricle.classify.features.latents import EncoderFeatures, LatentFeatures
from auricle.classify.features.patches import PatchDictionary, PatchFeatures
from auricle.classify.features.pooling import FeatureConfig
from auricle.errors import ModelError, OptionError
from auricle.model import Autoencoder, load
from auricle.options.classification import FeatureKind

_DESCRIPTOR_SHARE = 0.3  # of what a probe compares, chosen on ESC-10, words and digits


@final
class HearingFeatures(EncoderFeatures):
    """Features of patches, which tell parts of the sound apart where the latents' features do, then descriptors, then
    the features of the latents. Equal windows that overlap, which cut sounds off, have no descriptors.
    """

    kind = "hearing"

    def __init__(self, latents: LatentFeatures, dictionary: PatchDictionary) -> None:
        identity = digest("hearing", 3, latents.identity, dictionary.digest)
        super().__init__(latents.model, latents.config, latents.fingerprint, f"hearing of {latents.name}", identity)
        self._latents = latents
        config = latents.config
        self._patches = PatchFeatures(
            dictionary, latents.sample_rate, in_order=config.segments > 1, overlap=config.overlap
        )
        self._descriptors = DescriptorFeatures(latents.sample_rate)
        self.emphasis = self._emphasis()
        self.arrays = {f"{HEARING}kernels": dictionary.kernels, f"{HEARING}bias": dictionary.bias}

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        parts = (self._patches, self._descriptors, self._latents)
        return np.concatenate([part.mono_features(audio) for part in parts])

    def of_equal_windows(self, audio: np.ndarray, starts: Sequence[int], length: int) -> np.ndarray:
        parts = [part.of_equal_windows(audio, starts, length) for part in (self._patches, self._latents)]
        return np.concatenate(parts, axis=1)

    @property
    def window_size(self) -> int:
        return self._patches.size + self._latents.size

    def _emphasis(self) -> np.ndarray:
        """Descriptors are few, but count as three tenths of all."""
        patches, descriptors = self._patches.size, self._descriptors.size
        emphasis = np.full(self.size, (1 - _DESCRIPTOR_SHARE) * self.size / (self.size - descriptors), np.float32)
        emphasis[patches : patches + descriptors] = _DESCRIPTOR_SHARE * self.size / descriptors
        return emphasis


def model_features(
    model: Autoencoder | Path | str,
    config: FeatureConfig | None = None,
    kind: FeatureKind | None = None,
    on_note: Callable[[str], None] = lambda line: None,
) -> EncoderFeatures:
    """What makes the features of sounds.

    Args:
        model: whose encoder hears: a model, a shipped model's name or a model file.
        config: how activations are pooled.
        kind: ``hearing`` or ``latents``; by default ``hearing`` where such a file lies beside the model.
        on_note: is told in one line if there is none.

    Raises:
        ModelError: the model can't be loaded; or ``hearing`` was asked for, and its file is missing, damaged or another
            model's.
        OptionError: no such kind.
    """
    if kind not in (None, "hearing", "latents"):
        raise OptionError(f"no features {kind!r}: choose hearing or latents")
    autoencoder = model if isinstance(model, Autoencoder) else load(model)
    latents = LatentFeatures(autoencoder, config)
    if kind == "latents":
        return latents
    try:
        dictionary = patches_beside(model, latents.fingerprint)
    except ModelError as error:
        if kind == "hearing":
            raise
        on_note(f"features are those of the latents alone: {error}")
        return latents
    if dictionary is not None:
        return HearingFeatures(latents, dictionary)
    if kind == "hearing":
        raise ModelError(
            f"no hearing file lies beside {autoencoder.name!r}: recipes/hearing.py makes one, or use --features latents"
        )
    on_note(f"features are those of the latents alone: {autoencoder.name!r} has no hearing file")
    return latents


def features_with(
    model: Autoencoder, config: FeatureConfig, kind: FeatureKind, arrays: Mapping[str, np.ndarray]
) -> EncoderFeatures:
    """The features that a classifier or an index was made with, of the arrays that its file holds."""
    latents = LatentFeatures(model, config)
    return HearingFeatures(latents, restored_patches(arrays)) if kind == "hearing" else latents
