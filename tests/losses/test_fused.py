"""Hand-written gradients against automatic differentiation of the plain definitions."""

import pytest
import torch

from auricle.dsp.stft import complex_stft, compress_power
from auricle.losses.fused import magnitudes, power_compressed, spectrum

SHAPES = [(1, 64, 64), (2, 64, 1000), (3, 128, 1023)]


def sounds(batch, length):
    torch.manual_seed(length)
    quiet = torch.cat((torch.randn(batch, length // 2), 1e-4 * torch.randn(batch, length - length // 2)), 1)
    return (quiet.double().requires_grad_(), torch.randn(batch, length).double())


def plain_distance(estimate, reference, window, exponent, share):
    hop = window.shape[0] // 4
    ours, theirs = (compress_power(complex_stft(each, window, hop), exponent) for each in (estimate, reference))
    size, real, imaginary = ((a - b).square() for a, b in zip(ours, theirs, strict=True))
    share = share[:, None]
    return (share * size + (1 - share) * (real + imaginary)).mean((1, 2))


def both(function, plain, audio):
    """Values and gradients of the two under the same slopes."""
    found = []
    for each in (function, plain):
        value = each()
        slopes = torch.linspace(0.5, 2.0, value.numel(), dtype=torch.float64).view(value.shape)
        found += [value, *torch.autograd.grad((value * slopes).sum(), audio)]
    return found


@pytest.mark.parametrize(("batch", "n_fft", "length"), SHAPES)
def test_a_spectrum_and_its_gradient(batch, n_fft, length):
    audio, _ = sounds(batch, length)
    window = torch.hann_window(n_fft).double()
    value, slope, plain, wanted = both(
        lambda: torch.view_as_real(spectrum(audio, window)),
        lambda: torch.view_as_real(complex_stft(audio, window, n_fft // 4).transpose(1, 2)),
        audio,
    )
    assert torch.allclose(value, plain, atol=1e-12)
    assert torch.allclose(slope, wanted, atol=1e-10)


@pytest.mark.parametrize(("batch", "n_fft", "length"), SHAPES)
@pytest.mark.parametrize(
    ("exponent", "low", "high"), [(0.3, 0.7, 0.7), (0.5, 0.0, 0.3), (1.0, 1.0, 1.0), (0.3, 0.7, 1.0)]
)
def test_the_compressed_distance_and_its_gradient(batch, n_fft, length, exponent, low, high):
    audio, reference = sounds(batch, length)
    window = torch.hann_window(n_fft).double()
    share = torch.linspace(low, high, n_fft // 2 + 1).double()
    value, slope, plain, wanted = both(
        lambda: power_compressed(spectrum(audio, window), spectrum(reference, window), exponent, share),
        lambda: plain_distance(audio, reference, window, exponent, share),
        audio,
    )
    assert torch.allclose(value, plain, rtol=1e-9)
    assert torch.allclose(slope, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("batch", "n_fft", "length"), SHAPES)
def test_magnitudes_and_their_gradient(batch, n_fft, length):
    audio, _ = sounds(batch, length)
    window = torch.hann_window(n_fft).double()
    value, slope, plain, wanted = both(
        lambda: magnitudes(spectrum(audio, window)),
        lambda: (complex_stft(audio, window, n_fft // 4).transpose(1, 2).abs().square() + 1e-8).sqrt(),
        audio,
    )
    assert torch.allclose(value, plain, rtol=1e-9)
    assert torch.allclose(slope, wanted, rtol=1e-6, atol=1e-9)


SHARE = torch.full((65,), 0.7)


def test_silence_has_finite_gradients():
    audio = torch.zeros(1, 512, requires_grad=True)
    window = torch.hann_window(128)
    distance = power_compressed(spectrum(audio, window), spectrum(torch.randn(1, 512), window), 0.3, SHARE)
    (distance.sum() + magnitudes(spectrum(audio, window)).log().sum()).backward()
    assert audio.grad is not None and audio.grad.isfinite().all()


def test_nothing_is_kept_where_no_gradient_is_wanted():
    audio, window = torch.randn(1, 512), torch.hann_window(128)
    value = power_compressed(spectrum(audio, window), spectrum(audio.roll(3, 1), window), 0.3, SHARE)
    assert value.item() > 0 and not value.requires_grad
