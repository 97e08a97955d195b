"""The modified discrete cosine transform (Princen and Bradley, 1987), orthonormal, through a half-length FFT."""

import math

import numpy as np
import torch
from torch import Tensor


def sine_window(hop_length: int) -> Tensor:
    """Sine window of ``2 * hop_length`` samples: power-complementary, so that aliasing cancels."""
    steps = _arange(2 * hop_length) + 0.5
    return torch.sin(math.pi * steps / (2 * hop_length)).float()


def twiddle(size: int) -> Tensor:
    """Rotation used before and after the FFT of :func:`dct_iv`: float32 ``(size // 2, 2)``, real and imaginary parts.

    Real, because a complex buffer would lose its imaginary part when a module's ``.to(dtype)`` casts it.
    """
    steps = _arange(size // 2)
    return torch.view_as_real(torch.polar(torch.ones_like(steps), -math.pi * (steps + 0.125) / size)).float()


def dct_iv(x: Tensor, rotation: Tensor) -> Tensor:
    """Orthonormal DCT-IV of the last axis, which is its own inverse.

    Args:
        x: ``(..., size)``, size even.
        rotation: ``twiddle(size)``.
    """
    size = x.shape[-1]
    turn = torch.view_as_complex(rotation)
    packed = torch.complex(x[..., 0::2].contiguous(), x[..., 1::2].flip(-1))
    spectrum = torch.fft.fft(packed * turn) * turn
    pairs = torch.stack((spectrum.real, -spectrum.imag.flip(-1)), dim=-1)
    return pairs.flatten(-2) * math.sqrt(2.0 / size)


def mdct(frames: Tensor, rotation: Tensor) -> Tensor:
    """Windowed frames ``(..., 2 * hop)`` to coefficients ``(..., hop)``."""
    return dct_iv(fold(frames), rotation)


def imdct(coefficients: Tensor, rotation: Tensor) -> Tensor:
    """Coefficients ``(..., hop)`` to aliased frames ``(..., 2 * hop)``, to be windowed and overlap-added."""
    return unfold(dct_iv(coefficients, rotation))


def fold(frames: Tensor) -> Tensor:
    """Windowed frames ``(..., 2 * hop)`` with their aliasing: what the DCT-IV makes coefficients of, ``(..., hop)``."""
    a, b, c, d = frames.chunk(4, dim=-1)
    return torch.cat((-c.flip(-1) - d, a - b.flip(-1)), dim=-1)


def unfold(folded: Tensor) -> Tensor:
    """The transpose of :func:`fold`: ``(..., hop)`` to ``(..., 2 * hop)``."""
    u, v = folded.chunk(2, dim=-1)
    return torch.cat((v, -v.flip(-1), -u.flip(-1), -u), dim=-1)


def _arange(size: int) -> Tensor:
    """0, 1, 2, ... in float64. From NumPy: torch's own loads its compiler where a model is built without memory."""
    return torch.from_numpy(np.arange(size, dtype=np.float64))
