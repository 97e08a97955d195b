"""Functions of spectra with their gradients written out.

Elementwise work on spectra is most of what the losses of a training step cost on a CPU. In place, on contiguous planes
and with gradients made by hand it takes a fraction of what automatic differentiation takes. Spectra are complex
``(b, n, f)`` here, f the frequency bin: the order in which frames lie in memory.
"""

from typing import Any, final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

OVERLAP = 4
"""Windows that cover a sample: the hop is a quarter of the window."""
_FLOOR = 1e-8


def spectrum(audio: Tensor, window: Tensor) -> Tensor:
    """STFT of ``(b, t)`` by ``window`` ``(n_fft,)``, hop a quarter of it, without padding: complex ``(b, n, f)``."""
    value = _Spectrum.apply(audio, window)
    assert isinstance(value, Tensor)
    return value


def magnitudes(spectra: Tensor, floor: float = _FLOOR) -> Tensor:
    """Magnitudes ``(b, n, f)``; their squares have a floor, which makes the slope at zero finite."""
    value = _Magnitudes.apply(spectra, floor)
    assert isinstance(value, Tensor)
    return value


def power_compressed(estimate: Tensor, reference: Tensor, exponent: float, share: Tensor) -> Tensor:
    """Mean squared difference ``(b,)`` of two spectra with compressed magnitudes.

    With ``c(z) = |z|^exponent z / |z|`` it is ``share (|c(x)| - |c(y)|)^2 + (1 - share) |c(x) - c(y)|^2``, where
    ``share`` ``(f,)`` is that of magnitudes in each bin. The gradient goes to the estimate alone.
    """
    value = _PowerCompressed.apply(estimate, reference, exponent, share)
    assert isinstance(value, Tensor)
    return value


def _planes(spectra: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary part, each contiguous."""
    real, imaginary = torch.view_as_real(spectra).unbind(-1)
    return real.contiguous(), imaginary.contiguous()


def _power(real: Tensor, imaginary: Tensor, floor: float) -> Tensor:
    return (real * real).addcmul_(imaginary, imaginary).add_(floor)


def _sums(values: Tensor) -> Tensor:
    """Sum of squares of each item ``(b,)``."""
    return torch.linalg.vector_norm(values.flatten(1), dim=1).square()


@final
class _Spectrum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, audio: Tensor, window: Tensor) -> Tensor:
        size = window.shape[0]
        ctx.save_for_backward(window)
        ctx.length = audio.shape[1]
        return torch.fft.rfft(audio.unfold(1, size, size // OVERLAP) * window)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The transpose: inverse transform without its scale, weight, overlap-add."""
        (window,) = ctx.saved_tensors
        size, (batch, count, _) = window.shape[0], slope.shape
        halves = torch.full((slope.shape[2],), 0.5, device=slope.device)
        halves[0] = halves[-1] = 1.0
        frames = torch.fft.irfft(slope * halves, size, norm="forward").mul_(window)
        parts = frames.view(batch, count, OVERLAP, size // OVERLAP)
        audio = slope.new_zeros(batch, count + OVERLAP - 1, size // OVERLAP, dtype=frames.dtype)
        for part in range(OVERLAP):
            audio[:, part : part + count] += parts[:, :, part]
        return torch.nn.functional.pad(audio.flatten(1), (0, ctx.length - audio[0].numel())), None


@final
class _PowerCompressed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, estimate: Tensor, reference: Tensor, exponent: float, share: Tensor) -> Tensor:
        """The value, and the gradient beside it while its parts are at hand."""
        real, imaginary = _planes(estimate)
        power = _power(real, imaginary, _FLOOR)
        size, factor = _compressed(power, exponent)
        compressed = (real * factor, imaginary * factor)
        size_gap, *gaps = _gaps(size, compressed, reference, exponent)
        count, root, complex_root = size[0].numel(), share.sqrt(), (1.0 - share).sqrt()
        size_gap.mul_(root)
        for gap in gaps:
            gap.mul_(complex_root)
        value = (_sums(size_gap) + _sums(gaps[0]) + _sums(gaps[1])) / count
        if ctx.needs_input_grad[0]:
            for gap in gaps:
                gap.mul_(complex_root * (2.0 / count))
            along = compressed[0].mul_(gaps[0]).addcmul_(gaps[1], compressed[1]).mul_(exponent - 1.0)
            along.addcmul_(size_gap.mul_(root), size, value=2.0 * exponent / count).div_(power)
            slopes = (gap.mul_(factor).addcmul_(along, part) for gap, part in zip(gaps, (real, imaginary), strict=True))
            ctx.save_for_backward(torch.complex(*slopes))
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Scale the gradient that the forward pass made."""
        (gradient,) = ctx.saved_tensors
        return gradient * slope[:, None, None], None, None, None


def _compressed(power: Tensor, exponent: float) -> tuple[Tensor, Tensor]:
    """Compressed magnitude, and the factor that compresses a value of this squared magnitude."""
    factor = power.log().mul_((exponent - 1.0) / 2.0).exp_()
    return power.sqrt().mul_(factor), factor


def _gaps(size: Tensor, estimate: tuple[Tensor, Tensor], reference: Tensor, exponent: float) -> list[Tensor]:
    """Compressed magnitude, real and imaginary part of the estimate minus those of the reference."""
    real, imaginary = _planes(reference)
    target, factor = _compressed(_power(real, imaginary, _FLOOR), exponent)
    target_terms = (target, real.mul_(factor), imaginary.mul_(factor))
    return [b.neg_().add_(a) for a, b in zip((size, *estimate), target_terms, strict=True)]


@final
class _Magnitudes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spectra: Tensor, floor: float) -> Tensor:
        size = _power(*_planes(spectra), floor).sqrt_()
        ctx.save_for_backward(spectra, size)
        return size

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Along the spectrum's direction."""
        spectra, size = ctx.saved_tensors
        return spectra * (slope / size), None
