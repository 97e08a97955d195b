"""Weights that an autoencoder starts with: a linear codec, of which the network learns what is left to say.

Axes: ``k`` coefficient, ``l`` band, ``d`` latent feature, ``p`` point of the curves inside a hop.
"""

import numpy as np
import torch
from torch import nn

from auricle.model.bands import FIRST_NOISE_LEVEL, SILENCE, bands_above
from auricle.stream import Pointwise

_QUIET_GAIN = 0.1
_LEVEL_GAIN = 8.0
"""Of levels in the latent: they vary less than coefficients and are needed more exactly."""


@torch.no_grad()
def start_as_linear_codec(
    direct_in: Pointwise, direct_out: Pointwise, edges: np.ndarray | None, waveform_bins: int, points: int
) -> None:
    """Let latent features start as the lowest coefficients, then the levels of the bands above them."""
    latent, width = direct_in.weight.shape
    width -= points
    bands = 0 if edges is None else len(edges) - 1
    above = 0 if edges is None else bands_above(edges, latent)
    encoder_rows = np.eye(latent, width, dtype=np.float32)  # torch.eye would load torch's compiler on the meta device
    decoder_rows = encoder_rows.copy()
    if above:
        encoder_rows[latent - above :] = decoder_rows[latent - above :] = 0.0
        encoder_rows[latent - above :, width - above :] = _LEVEL_GAIN * np.eye(above, dtype=np.float32)
        decoder_rows[latent - above :, width - above :] = np.eye(above, dtype=np.float32) / _LEVEL_GAIN
    direct_in.weight.copy_(torch.from_numpy(np.pad(encoder_rows, ((0, 0), (0, points)))))
    decoded = np.concatenate((decoder_rows[:, :waveform_bins], decoder_rows[:, width - bands :]), axis=1)
    decoded = np.pad(decoded, ((0, 0), (0, points)))
    direct_out.weight.copy_(torch.from_numpy(np.ascontiguousarray(decoded.T)))


@torch.no_grad()
def start_noise_levels(to_bins: Pointwise, bins: int, bands: int) -> None:
    """Let levels of noise start just above 0, where they would have no slope, and the curves inside hops flat."""
    to_bins.bias[bins : bins + bands] = FIRST_NOISE_LEVEL
    to_bins.bias[bins + bands :] = 0.0
    to_bins.weight[bins + bands :] = 0.0


@torch.no_grad()
def start_levels_as_measured(to_bins: Pointwise, edges: np.ndarray, waveform_bins: int, latent: int) -> None:
    """Let levels of bands that have features of their own start as the encoder measured them: the network adds 0."""
    bands = len(edges) - 1
    direct_levels = slice(waveform_bins + bands - bands_above(edges, latent), waveform_bins + bands)
    to_bins.bias[direct_levels] = SILENCE
    to_bins.weight[direct_levels] = 0.0


@torch.no_grad()
def start_quiet(*layers: Pointwise) -> None:
    """Let what these layers add to the direct maps start small."""
    for layer in layers:
        layer.weight.mul_(_QUIET_GAIN)


@torch.no_grad()
def start_as_transpose(inner: nn.Module, outer: nn.Module) -> None:
    """Start two linear maps as each other's transposes, so that the untrained model is a linear codec."""
    if isinstance(inner, Pointwise) and isinstance(outer, Pointwise) and inner.weight.shape == outer.weight.T.shape:
        outer.weight.copy_(inner.weight.T)
