"""Growing a latent: the sound stays, the new features can be learned."""

import pytest
import torch

from auricle.errors import ModelError
from auricle.model.bottleneck import EntropyConfig
from auricle.model.grow import grow_latent
from model.tiny import BOTTLENECKS, tiny_model


@pytest.fixture
def sounds():
    torch.manual_seed(3)
    return [0.3 * torch.randn(2, 16000).cumsum(1).sin() for _ in range(3)]


@pytest.fixture
def trained():
    """A model whose bottleneck has left its beginning: levels, filters and scales differ."""
    model = tiny_model(EntropyConfig(dim=6, levels=3))
    with torch.no_grad():
        for parameter in model.bottleneck.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def test_a_grown_model_decodes_as_before(trained, sounds):
    grown = grow_latent(trained, 12, sounds)
    before, after = trained.encode(sounds[0]), grown.encode(sounds[0])
    assert torch.allclose(before, after[..., :6], atol=1e-5)
    assert after[..., 6:].std() > 0.01
    assert torch.allclose(trained.decode(before, 16000), grown.decode(after, 16000), atol=1e-5)
    assert trained.latent_dim == 6, "the base stays as it is"


def test_the_codes_of_the_old_features_and_their_price_stay(trained, sounds):
    grown = grow_latent(trained, 12, sounds)
    quality = torch.full((2,), 1.3)
    z, wide = trained.encode(sounds[1]), grown.encode(sounds[1])
    codes = trained.bottleneck.quantise(z, 1.3)
    assert torch.equal(codes, grown.bottleneck.quantise(wide, 1.3)[..., :6])
    quiet = wide.clone()
    quiet[..., 6:] = 0.0
    bits = grown.bottleneck.usage(quiet, quality)["bits"][:6]
    assert torch.allclose(trained.bottleneck.usage(z, quality)["bits"], bits, rtol=0.02)


def test_new_features_are_apart_from_the_old_and_strongest_first(trained, sounds):
    grown = grow_latent(trained, 12, sounds)
    old, new = grown.encoder.layers[-1].weight.split(6)
    assert (new @ torch.linalg.pinv(old)).abs().max() < 1e-4
    spread = torch.cat([grown.encode(each)[..., 6:].flatten(0, 1) for each in sounds]).std(0)
    assert (spread[:-1] > 0.99 * spread[1:]).all()
    assert spread[0] > 1.1 * spread[-1]


def test_the_decoder_can_open_the_new_features(trained, sounds):
    grown = grow_latent(trained, 12, sounds).requires_grad_(True)
    grown.decode(grown.encode(sounds[0]), 16000).square().mean().backward()
    assert grown.decoder.layers[0].layers[0].weight.grad[:, 6:].abs().max() > 0


@pytest.mark.parametrize("dim", [6, 5, 17])
def test_impossible_numbers_are_refused(trained, sounds, dim):
    with pytest.raises(ModelError, match="more than 6 and at most 16"):
        grow_latent(trained, dim, sounds)


def test_other_bottlenecks_are_refused(sounds):
    with pytest.raises(ModelError, match="entropy"):
        grow_latent(tiny_model(BOTTLENECKS["rvq"]), 12, sounds)
