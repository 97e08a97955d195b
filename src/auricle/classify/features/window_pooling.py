"""Many windows of one sound from one run of the encoder."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from auricle.classify.features.layers import depths
from auricle.classify.features.pooling import (
    LOUDNESS,
    MAX_GAIN,
    POWER_FLOOR,
    FeatureConfig,
    local_power,
    part_weights,
    select_depths,
    shifted_grids,
)
from auricle.model import Autoencoder

_LEVEL_FRAME_SECONDS = 0.05
_QUIET = 0.3
"""Of `LOUDNESS`: where a recording's background is brought to, so that what is louder has room above it."""


@torch.inference_mode()
def pool_windows(
    model: Autoencoder, audio: np.ndarray, starts: Sequence[int], length: int, config: FeatureConfig
) -> np.ndarray:
    """Features float32 ``(n, d)`` of windows of a sound ``(t,)``: those of `pool_features`, but for two things.

    The level is that of the sound's background, the median over 50 ms, so that a window says how far it stands out.
    And what is averaged at a window's ends comes from beyond them.

    Args:
        model: whose encoder.
        audio: at the model's rate.
        starts: first sample of each window.
        length: of each, in samples.
        config: how activations are pooled.
    """
    device = next(model.parameters()).device
    levelled = normalise_background(audio, model.sample_rate) if config.level else audio
    grids = shifted_grids(torch.from_numpy(levelled).to(device), model, config.shifts)
    padded = len(audio) + model.hop_length
    parts = []
    for depth in select_depths(depths(model, grids), config):
        steps_per_sample = config.shifts * depth.values.shape[1] / padded
        values = depth.values.transpose(0, 1).flatten(0, 1)
        count = min(len(values), max(1, round(length * steps_per_sample)))
        firsts = [round((start + model.hop_length) * steps_per_sample) for start in starts]
        places = torch.tensor(firsts, device=device).clamp(max=len(values) - count)
        parts.append(_statistics(values, places, count, config))
    return torch.cat(parts, dim=1).cpu().numpy()


def normalise_background(audio: np.ndarray, rate: int) -> np.ndarray:
    """The sound ``(t,)`` at a level where the median over frames of 50 ms is 30 % of `LOUDNESS`; raised by 40 dB at
    most."""
    frame = min(len(audio), max(1, round(_LEVEL_FRAME_SECONDS * rate)))
    frames = audio[: len(audio) // frame * frame].reshape(-1, frame)
    level = float(np.median(np.sqrt(np.square(frames, dtype=np.float64).mean(axis=1))))
    return (audio * min(MAX_GAIN, _QUIET * LOUDNESS / max(level, 1e-9))).astype(np.float32)


def _statistics(values: Tensor, places: Tensor, count: int, config: FeatureConfig) -> Tensor:
    """Activations ``(m, d)`` to ``(n, statistics * d)``, of ``count`` of them from each place on."""
    power = values.square()
    sums = torch.nn.functional.pad(power.mean(1).to(torch.float64).cumsum(0), (1, 0))
    mean_power = ((sums[places + count] - sums[places]) / count).to(power.dtype)
    floors = (config.floor * mean_power + POWER_FLOOR)[:, None, None]
    step = max(1, config.shifts // 2)
    parts = []
    for scale in config.scales:
        envelopes = (_cut(local_power(power, scale, config.shifts), places // step, count // step) + floors).log() / 2
        parts.append(_moments(envelopes, 2 * scale))
    if config.segments > 1:
        shape = (_cut(local_power(power, 1, config.shifts), places // step, count // step) + floors).log() / 2
        weights = torch.from_numpy(part_weights(shape.shape[2], config.segments, config.overlap)).to(shape.device)
        parts.append(torch.einsum("ndm,sm->nsd", shape, weights).flatten(1))
    if config.raw:
        parts.append(_moments(_cut(values, places, count), config.shifts))
    return torch.cat(parts, dim=1)


def _cut(values: Tensor, places: Tensor, count: int) -> Tensor:
    """Windows ``(n, d, count)`` of ``(m, d)``."""
    count = max(1, min(count, len(values)))
    return values.to(torch.float32).unfold(0, count, 1)[places.clamp(max=len(values) - count)]


def _moments(values: Tensor, lag: int) -> Tensor:
    """Mean, standard deviation, maximum and deviation of the change over ``lag`` steps of ``(n, d, m)``."""
    lag = min(lag, values.shape[2] - 1)
    change = (values[:, :, lag:] - values[:, :, : values.shape[2] - lag]).std(2, unbiased=False)
    return torch.cat((values.mean(2), values.std(2, unbiased=False), values.amax(2), change), dim=1)
