"""Front ends reconstruct exactly."""

import pytest
import torch

from auricle.model.front_end import Compand, MdctConfig, PatchConfig, StftConfig, TransformConfig, front_end

CONFIGS = [
    MdctConfig(hop_length=320),
    MdctConfig(hop_length=64),
    StftConfig(hop_length=256),
    PatchConfig(hop_length=16),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.kind} {config.hop_length}")
def test_front_end_reconstructs(config: TransformConfig):
    analysis, compand, synthesis = front_end(config)
    compand.deviation.uniform_(0.5, 2.0)
    audio = torch.randn(2, 10 * config.hop_length, 1) * 0.3
    with torch.no_grad():
        frames = analysis(audio)
        rebuilt = synthesis(frames)
    assert frames.shape == (2, 10, config.bins)
    lag = synthesis.latency
    torch.testing.assert_close(rebuilt[:, lag:], audio[:, : audio.shape[1] - lag], rtol=0, atol=1e-5)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0])
def test_companding_inverts_and_keeps_its_slope_finite(exponent):
    compand = Compand(4, exponent)
    x = torch.tensor([[[0.0, 1e-7, -0.5, 40.0]]], requires_grad=True)
    y = compand(x)
    torch.testing.assert_close(compand.expand(y), x, rtol=1e-4, atol=1e-6)
    y.sum().backward()
    assert torch.isfinite(x.grad).all()


def test_an_odd_hop_is_refused_with_its_value():
    with pytest.raises(ValueError, match="even, got 321"):
        MdctConfig(hop_length=321)
