"""What a bottleneck tells about the use of its dimensions and codebooks."""

import numpy as np
import pytest
import torch

from auricle.model.bottleneck import EntropyConfig, FsqConfig, IdentityConfig, RvqConfig, VaeConfig
from auricle.model.bottleneck.base import code_usage
from model.tiny import BOTTLENECKS

MEASURES = ({"variance"}, {"nats"}, {"bits"}, {"perplexity", "codes"})
"""What a bottleneck may tell, all of a set."""


@pytest.mark.parametrize("name", BOTTLENECKS)
def test_usage_is_one_value_each_and_the_same_in_training(name: str):
    bottleneck = BOTTLENECKS[name].build(50.0)
    z, quality = torch.randn(2, 40, bottleneck.dim, requires_grad=True), torch.tensor([0.0, 1.0])
    state = {key: value.clone() for key, value in bottleneck.state_dict().items()}
    found = bottleneck.eval().usage(z, quality)
    assert set(found) in MEASURES
    for measure, values in bottleneck.train().usage(z, quality).items():
        assert values.shape == (bottleneck.codebooks or bottleneck.dim,) and not values.requires_grad
        assert torch.equal(values, found[measure])
    assert all(torch.equal(value, state[key]) for key, value in bottleneck.state_dict().items())


def test_bits_sum_up_to_the_rate():
    bottleneck = EntropyConfig(dim=6).build(50.0).eval()
    z, quality = 3 * torch.randn(2, 100, 6), torch.tensor([2.0, 3.5])
    bits = bottleneck.usage(z, quality)["bits"]
    rate = bottleneck(z, quality).terms["rate"].detach().mean()
    assert float(bits.sum()) == pytest.approx(1000 * float(rate), rel=1e-5)
    z[..., 0] = 0.0
    quiet = bottleneck.usage(z, quality)["bits"]
    assert float(quiet[0]) < 0.7 * float(bits[0])


def test_nats_sum_up_to_the_divergence():
    bottleneck = VaeConfig(dim=6).build(50.0).eval()
    z = torch.randn(2, 100, 6)
    nats = bottleneck.usage(z, torch.zeros(2))["nats"]
    assert float(nats.sum()) == pytest.approx(float(bottleneck(z, torch.zeros(2)).terms["kl"].detach()), rel=1e-5)


def test_variance_finds_the_dead_dimension():
    z = torch.randn(2, 100, 4) * torch.tensor([1.0, 2.0, 0.0, 1.0]) + 5.0
    variance = IdentityConfig(dim=4).build(50.0).usage(z, torch.zeros(2))["variance"]
    np.testing.assert_allclose(variance, z.flatten(0, 1).var(0, correction=0), rtol=1e-5)
    assert float(variance[2]) == 0.0


def test_perplexity_counts_codes_that_are_used_evenly():
    even, two, one = torch.arange(16), torch.arange(16) % 2, torch.zeros(16, dtype=torch.long)
    found = code_usage(torch.stack((even, two, one), -1)[None], torch.tensor([16, 1024, 4]))
    np.testing.assert_allclose(found["perplexity"], [16.0, 2.0, 1.0], rtol=1e-5)
    assert found["codes"].tolist() == [16.0, 16.0, 4.0]  # 16 frames can't show more


def test_codebooks_of_quantisers():
    rvq = RvqConfig(dim=4, codebooks=3, size=16, code_dim=4).build(50.0)
    low = rvq.usage(torch.randn(1, 500, 4), torch.zeros(1))
    assert low["codes"].tolist() == [16.0] * 3 and bool((low["perplexity"] > 1.0).all())
    fsq = FsqConfig(levels=(5, 4, 3)).build(50.0)
    z = torch.randn(1, 900, 3)
    z[..., 1] = 0.3
    found = fsq.usage(z, torch.zeros(1))
    assert found["codes"].tolist() == [5.0, 4.0, 3.0]
    assert float(found["perplexity"][1]) == pytest.approx(1.0) and float(found["perplexity"][0]) > 2.0
