"""The MDCT against its definition."""

import math

import pytest
import torch

from auricle.dsp.mdct import dct_iv, imdct, mdct, sine_window, twiddle


@pytest.mark.parametrize("size", [2, 8, 320, 768])
def test_dct_iv_is_its_definition_and_its_own_inverse(size):
    x = torch.randn(3, size)
    steps = torch.arange(size, dtype=torch.float64) + 0.5
    matrix = torch.cos(math.pi / size * torch.outer(steps, steps)) * math.sqrt(2 / size)
    torch.testing.assert_close(dct_iv(x, twiddle(size)), (x.double() @ matrix).float(), rtol=1e-4, atol=2e-5)
    torch.testing.assert_close(dct_iv(dct_iv(x, twiddle(size)), twiddle(size)), x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("hop", [4, 320])
def test_mdct_is_its_definition(hop):
    frames = torch.randn(2, 2 * hop)
    sample = torch.arange(2 * hop, dtype=torch.float64) + 0.5 + hop / 2
    bin_ = torch.arange(hop, dtype=torch.float64) + 0.5
    matrix = torch.cos(math.pi / hop * torch.outer(sample, bin_)) * math.sqrt(2 / hop)
    expected = (frames.double() @ matrix).float()
    torch.testing.assert_close(mdct(frames, twiddle(hop)), expected, rtol=1e-4, atol=5e-5)


@pytest.mark.parametrize("hop", [4, 320, 768])
def test_overlap_add_reconstructs(hop):
    signal = torch.randn(6 * hop)
    window = sine_window(hop)
    frames = imdct(mdct(signal.unfold(0, 2 * hop, hop) * window, twiddle(hop)), twiddle(hop)) * window
    rebuilt = (frames[:-1, hop:] + frames[1:, :hop]).flatten()
    torch.testing.assert_close(rebuilt, signal[hop : 5 * hop], rtol=0, atol=1e-5)
