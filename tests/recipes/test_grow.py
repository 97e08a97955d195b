"""Direct features: the sound stays, the new features carry coefficients around the network."""

import json

import pytest
import torch

from _grow import with_direct
from auricle.errors import ConfigError, ModelError
from auricle.model.bottleneck import EntropyConfig
from auricle.model.config import parse_config
from auricle.model.files.file import load
from auricle.model.files.writing import fingerprint, save
from model.tiny import BOTTLENECKS, model_of, tiny_config, tiny_model


@pytest.fixture
def sound():
    torch.manual_seed(3)
    return 0.3 * torch.randn(2, 16000).cumsum(1).sin()


@pytest.fixture
def trained():
    """A model whose bottleneck has left its beginning: levels, filters and scales differ."""
    model = tiny_model(EntropyConfig(dim=6, levels=3))
    with torch.no_grad():
        for parameter in model.bottleneck.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def test_old_features_and_what_they_decode_to_stay(trained, sound):
    grown = with_direct(trained, 4, 5)
    before, after = trained.encode(sound), grown.encode(sound)
    assert grown.latent_dim == 11 and trained.latent_dim == 6
    assert torch.allclose(before, after[..., :6], atol=1e-5)
    after[..., 6:] = 0.0
    assert torch.allclose(trained.decode(before, 16000), grown.decode(after, 16000), atol=1e-5)
    assert (grown.encoder_latency, grown.decoder_latency) == (trained.encoder_latency, trained.decoder_latency)


def test_old_codes_and_their_price_stay(trained, sound):
    grown, quality = with_direct(trained, 4, 5), torch.full((2,), 1.3)
    z, wide = trained.encode(sound), grown.encode(sound)
    assert torch.equal(trained.bottleneck.quantise(z, 1.3), grown.bottleneck.quantise(wide, 1.3)[..., :6])
    wide[..., 6:] = 0.0
    bits = grown.bottleneck.usage(wide, quality)["bits"][:6]
    assert torch.allclose(trained.bottleneck.usage(z, quality)["bits"], bits, rtol=0.02)


def test_a_direct_feature_is_its_coefficient_in_and_out(trained, sound):
    grown = with_direct(trained, 4, 5)
    coefficients = grown.encoder.layers[0](sound.unsqueeze(2))
    count = coefficients.shape[1] - grown.encoder_latency
    assert torch.allclose(grown.encode(sound)[:, :count, 6:], coefficients[:, :count, 4:9], atol=1e-5)
    z = torch.zeros(1, 50, 11)
    silent = grown.decode(z, 15000)
    z[0, 20, 8] = 1.0
    wave = grown.decode(z, 15000) - silent
    spectrum = torch.fft.rfft(wave[0, 20 * 320 - 640 : 20 * 320 + 640]).abs()
    peak = spectrum.argmax().item() * 16000 / 1280
    assert abs(peak - 6.5 * 25) < 25, "bin 6 of bins 25 Hz wide"


def test_training_opens_the_network_to_them(trained, sound):
    grown = with_direct(trained, 4, 5).requires_grad_(True)
    grown.decode(grown.encode(sound), 16000).square().mean().backward()
    body = grown.decoder.layers[0].body.layers[0].layers[0].weight.grad
    assert body[:, 6:].abs().max() > 0


def test_streaming_equals_the_whole(trained, sound):
    grown = with_direct(trained, 4, 5)
    state = grown.encoder.initial_state(2)
    parts = []
    for block in sound.unsqueeze(2).split(3200, 1):
        part, state = grown.encoder.step(block, state)
        parts.append(part)
    assert torch.allclose(torch.cat(parts, 1), grown.encoder(sound.unsqueeze(2)), atol=1e-5)


def test_the_file_says_so_and_files_without_are_as_before(trained, tmp_path):
    grown = with_direct(trained, 4, 5)
    grown.fit_tables([grown.encode(torch.randn(1, 16000))])
    save(grown, tmp_path / "grown.auricle.safetensors")
    back = load(tmp_path / "grown.auricle.safetensors")
    assert back.config.direct and fingerprint(back) == fingerprint(grown)
    assert "direct" not in trained.config.model_dump_json()
    assert parse_config(grown.config.model_dump_json()) == grown.config


@pytest.mark.parametrize(("first", "count"), [(-1, 5), (0, 0), (300, 21)])
def test_coefficients_that_are_not_there_are_refused(trained, first, count):
    with pytest.raises(ModelError, match="the front end has 0 to 319"):
        with_direct(trained, first, count)


def test_models_that_can_not_get_them_are_refused(trained):
    for model in (tiny_model(BOTTLENECKS["rvq"]), with_direct(trained, 4, 5), tiny_model(stride=2)):
        with pytest.raises(ModelError, match="can't get direct features"):
            with_direct(model, 4, 5)


def test_direct_maps_and_strides_do_not_go_together():
    config = tiny_config(stride=2).model_dump(mode="json") | {"direct": True}
    with pytest.raises(ConfigError, match="stride 1"):
        parse_config(json.dumps(config))


def test_an_untrained_direct_model_is_nearly_a_linear_codec(sound):
    config = tiny_config(EntropyConfig(dim=320, levels=4)).model_copy(update={"direct": True})
    model = model_of(config)
    rebuilt = model.decode(model.encode(sound), 16000)
    assert (rebuilt - sound).square().sum() < 0.2 * sound.square().sum()
