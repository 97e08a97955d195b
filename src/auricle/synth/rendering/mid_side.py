"""From sound to the frames that a prior sees, and back: channels as middle and side, through a mono autoencoder."""

import torch
from torch import Tensor

from auricle.model import Autoencoder

_HALF = 0.5**0.5


def rotate(audio: Tensor, channels: int) -> Tensor:
    """Sound ``(c, t)`` to ``(channels, t)``: the mean of all, or middle and side (orthonormal) of the first two.

    A mono sound becomes the middle of two equal channels.
    """
    if channels == 1:
        return audio.mean(0, keepdim=True)
    left, right = audio[0], audio[min(1, len(audio) - 1)]
    return _HALF * torch.stack((left + right, left - right))


def unrotate(audio: Tensor) -> Tensor:
    """Middle and side ``(2, t)`` to left and right; one channel ``(1, t)`` stays."""
    if len(audio) == 1:
        return audio
    middle, side = audio
    return _HALF * torch.stack((middle + side, middle - side))


def to_features(z: Tensor) -> Tensor:
    """Latents of the channels ``(c, n, d)`` side by side: ``(n, c * d)``."""
    return z.permute(1, 0, 2).flatten(1)


def to_latents(features: Tensor, channels: int) -> Tensor:
    """Undo :func:`to_features`: ``(n, c * d)`` to ``(c, n, d)``."""
    return features.unflatten(1, (channels, -1)).permute(1, 0, 2)


@torch.inference_mode()
def decode_mid_side(model: Autoencoder, z: Tensor, length: int) -> Tensor:
    """Sound ``(c, length)`` of latents ``(c, n, d)``: through the bottleneck unrounded, decoded, unrotated.

    Args:
        model: in eval mode.
        z: encoder output, or anything like it, of middle and side where c is 2.
        length: samples, at most what n frames carry.
    """
    return unrotate(model.decode_bottled(to_decoder_input(model, z), length))


def to_decoder_input(model: Autoencoder, z: Tensor, quality: float | None = None) -> Tensor:
    """What the decoder is to be given of latents ``(b, n, d)``: the same shape.

    Args:
        model: in eval mode.
        z: encoder output, or anything like it.
        quality: round to the grid of the quantiser at this quality, as a file would; None for the best one, and what
            can be left unrounded stays so.
    """
    level = model.bottleneck.quality_levels - 1.0 if quality is None else float(quality)
    qualities = torch.full((len(z),), level, device=z.device)
    return model.bottleneck.unrounded(z, qualities) if quality is None else model.bottleneck(z, qualities).z
