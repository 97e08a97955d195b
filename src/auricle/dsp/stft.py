"""Spectra of signals."""

import torch
from torch import Tensor


def complex_stft(audio: Tensor, window: Tensor, hop_length: int) -> Tensor:
    """Centred complex STFT without padding beyond the signal.

    Args:
        audio: ``(b, t)``, t at least the window's length.
        window: ``(n_fft,)``.

    Returns:
        complex ``(b, n_fft // 2 + 1, n)``.
    """
    return torch.stft(audio, window.shape[0], hop_length, window=window, center=False, return_complex=True)


def compress_power(spectrum: Tensor, exponent: float, floor: float = 1e-8) -> tuple[Tensor, Tensor, Tensor]:
    """Raise the magnitude to ``exponent`` and keep the phase.

    Returns:
        the compressed magnitude, and the real and imaginary part of the compressed spectrum.
    """
    real, imaginary = torch.view_as_real(spectrum).unbind(-1)
    power = real * real + imaginary * imaginary + floor
    factor = power.pow((exponent - 1.0) / 2.0)
    return power.sqrt() * factor, real * factor, imaginary * factor
