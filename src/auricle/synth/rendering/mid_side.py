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
def decode_mid_side(model: Autoencoder, z: Tensor, length: int, *, snap: bool = False) -> Tensor:
    """Sound ``(c, length)`` of latents ``(c, n, d)``: through the bottleneck at its best quality, decoded, unrotated.

    Args:
        model: in eval mode.
        z: encoder output, or anything like it, of middle and side where c is 2.
        length: samples, at most what n frames carry.
        snap: round to the quantiser's grid as a file would; else what can be left unrounded stays so.
    """
    return unrotate(model.decode_bottled(to_decoder_input(model, z, snap=snap), length))


def to_decoder_input(model: Autoencoder, z: Tensor, *, snap: bool = False) -> Tensor:
    """What the decoder is to be given of latents ``(b, n, d)``: the same shape."""
    quality = torch.full((1,), model.bottleneck.quality_levels - 1.0, device=z.device)
    return model.bottleneck(z, quality).z if snap else model.bottleneck.unrounded(z, quality)
