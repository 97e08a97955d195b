"""An encoder of a classifier's own: what fine-tuning makes, and what its file holds."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from auricle.model import Autoencoder, AutoencoderConfig, ModelInfo, StageConfig
from auricle.model.bottleneck import IdentityConfig
from auricle.model.files.stored import blank_model
from auricle.model.files.writing import stored_arrays

ENCODER = "encoder."
"""Beginning of the names of an encoder's arrays."""


def encoder_only(config: AutoencoderConfig) -> AutoencoderConfig:
    """The same encoder with the smallest decoder that there can be, so that nothing is stored or computed for it."""
    smallest = tuple(StageConfig(dim=1, stride=stage.stride) for stage in reversed(config.encoder))
    bottleneck = IdentityConfig(dim=config.bottleneck.latent_dim)
    return config.model_copy(update={"bottleneck": bottleneck, "decoder": smallest})


def own_encoder(model: Autoencoder) -> Autoencoder:
    """A model with a copy of the encoder, free to be trained, and without a decoder of use."""
    copy = Autoencoder(encoder_only(model.config), ModelInfo(name=model.name))
    copy.encoder.load_state_dict(model.encoder.state_dict())
    return copy


def encoder_layout(path: Path, config: AutoencoderConfig) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Types and shapes of the arrays of such an encoder, found out without taking memory for them.

    Raises:
        ModelError: the configuration describes none that can be built; with the path of the file that states it.
    """
    blank = blank_model(path, encoder_only(config)).state_dict()
    return {
        name: ("F32" if name.endswith(".deviation") else "F16", tuple(value.shape))
        for name, value in blank.items()
        if name.startswith(ENCODER)
    }


def encoder_arrays(model: Autoencoder) -> dict[str, np.ndarray]:
    """What a file holds of an encoder: weights in float16."""
    arrays = stored_arrays(model, lambda name: name.startswith(ENCODER))
    return {name: value for name, value in arrays.items() if name.startswith(ENCODER)}  # without tables


def restore_encoder(config: AutoencoderConfig, arrays: Mapping[str, np.ndarray], name: str) -> Autoencoder:
    """A model with these arrays as its encoder.

    Args:
        config: its shape; of the decoder nothing is believed.
        arrays: those of `encoder_arrays`, their shapes checked.
        name: of the model.
    """
    model = Autoencoder(encoder_only(config), ModelInfo(name=name))
    tensors = {
        key.removeprefix(ENCODER): torch.from_numpy(
            value.astype(np.float32) if value.dtype.kind == "f" else value.copy()
        )
        for key, value in arrays.items()
        if key.startswith(ENCODER)
    }
    model.encoder.load_state_dict(tensors, strict=True)
    return model.eval().requires_grad_(False)
