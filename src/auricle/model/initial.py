"""Weights that an autoencoder starts with: a linear codec, of which the network learns what is left to say.

Axes: ``k`` coefficient, ``l`` band, ``d`` latent feature, ``p`` point of the curves inside a hop.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from auricle.model.bands import FIRST_NOISE_LEVEL, SILENCE
from auricle.stream import Pointwise

_QUIET_GAIN = 0.1
_LEVEL_GAIN = 8.0
"""Of levels in the latent: they vary less than coefficients and are needed more exactly."""


class DirectLayout(NamedTuple):
    """What frames hold beside the network, and what of it has latent features of its own at the start.

    Attributes:
        waveform_bins: coefficients that the decoder makes.
        bands: whose levels follow the coefficients.
        levels: so many of the highest bands have a feature, behind those of the lowest coefficients.
        noise_bands: so many of these are noise alone, whose level is what the encoder measured.
        points: of the curves inside a hop, which have none.
    """

    waveform_bins: int
    bands: int
    levels: int
    noise_bands: int
    points: int


@torch.no_grad()
def start_as_linear_codec(direct_in: Pointwise, direct_out: Pointwise, layout: DirectLayout) -> None:
    """Let latent features start as the lowest coefficients, then the levels of the highest bands."""
    latent, width = direct_in.weight.shape
    width -= layout.points
    levels, coefficients = layout.levels, latent - layout.levels
    encoder_rows = np.zeros((latent, width), np.float32)
    encoder_rows[:coefficients, :coefficients] = np.eye(coefficients, dtype=np.float32)
    decoder_rows = encoder_rows.copy()
    if levels:
        encoder_rows[coefficients:, width - levels :] = _LEVEL_GAIN * np.eye(levels, dtype=np.float32)
        is_noise = np.arange(levels) >= levels - layout.noise_bands
        decoder_rows[coefficients:, width - levels :] = np.diag(is_noise / np.float32(_LEVEL_GAIN))
    direct_in.weight.copy_(torch.from_numpy(np.pad(encoder_rows, ((0, 0), (0, layout.points)))))
    decoded = np.concatenate((decoder_rows[:, : layout.waveform_bins], decoder_rows[:, width - layout.bands :]), axis=1)
    decoded = np.pad(decoded, ((0, 0), (0, layout.points)))
    direct_out.weight.copy_(torch.from_numpy(np.ascontiguousarray(decoded.T)))


@torch.no_grad()
def start_noise_levels(to_bins: Pointwise, bins: int, bands: int) -> None:
    """Let levels of noise start just above 0, where they would have no slope, and the curves inside hops flat."""
    to_bins.bias[bins : bins + bands] = FIRST_NOISE_LEVEL
    to_bins.bias[bins + bands :] = 0.0
    to_bins.weight[bins + bands :] = 0.0


@torch.no_grad()
def start_levels_as_measured(to_bins: Pointwise, layout: DirectLayout) -> None:
    """Let levels of bands that have features of their own start as the encoder measured them: the network adds 0."""
    end = layout.waveform_bins + layout.bands
    direct_levels = slice(end - layout.noise_bands, end)
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
