"""The autoencoder: lengths, alignment, streaming."""

import pytest
import torch

from auricle.errors import ModelError
from auricle.model import Autoencoder
from auricle.model.bottleneck import IdentityConfig
from auricle.stream import Stream
from auricle.training import PRESETS
from model.tiny import BOTTLENECKS, CODED, tiny_config, tiny_model


@pytest.mark.parametrize("length", [1, 319, 320, 321, 16000])
@pytest.mark.parametrize("stride", [1, 2])
def test_lengths_come_back_exactly(length, stride):
    model = tiny_model(stride=stride)
    audio = torch.randn(2, length)
    z = model.encode(audio)
    assert z.shape == (2, model.frames(length), model.latent_dim)
    assert model.decode(z, length).shape == (2, length)


def test_an_untrained_wide_model_is_a_linear_codec_in_time():
    """With tied orthogonal ends and nothing thrown away, output and input agree sample by sample."""
    config = tiny_config(IdentityConfig(dim=320))
    wide = config.model_copy(
        update={
            "encoder": (config.encoder[0].model_copy(update={"dim": 320, "blocks": ()}),),
            "decoder": (config.decoder[0].model_copy(update={"dim": 320, "blocks": ()}),),
        }
    )
    model = Autoencoder(wide).eval()
    audio = 0.2 * torch.randn(1, 5000)
    with torch.no_grad():
        torch.testing.assert_close(model.decode(model.encode(audio), 5000), audio, rtol=0, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 2])
def test_streams_equal_whole_signals(stride):
    model = tiny_model(stride=stride)
    audio = 0.2 * torch.randn(2, 5000)
    z = model.encode(audio)
    padded = torch.nn.functional.pad(audio, (0, model.frames(5000) * model.hop_length - 5000))
    encoder = Stream(model.encoder, batch=2, chunk=4 * model.hop_length)
    streamed = torch.cat([encoder.push(padded[:, :777, None]), encoder.push(padded[:, 777:, None]), encoder.flush()], 1)
    torch.testing.assert_close(streamed, z, rtol=1e-4, atol=1e-5)
    decoder = Stream(model.decoder, batch=2, chunk=4)
    heard = torch.cat([decoder.push(z[:, :3]), decoder.push(z[:, 3:]), decoder.flush()], 1).squeeze(2)
    torch.testing.assert_close(heard[:, :5000], model.decode_bottled(z, 5000), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("batch", "stride"), [(1, 1), (3, 1), (1, 2)])
def test_what_is_long_sounds_the_same_in_pieces_as_at_once(batch, stride):
    """Where nothing learns, long latents are decoded piece by piece; where something does, at once."""
    model = tiny_model(stride=stride)
    length = 1_803 * model.hop_length + 7
    z = model.encode(0.2 * torch.randn(batch, length))
    pieces = model.decode(z, length)
    at_once = model.decode(z.clone().requires_grad_(True), length)
    assert at_once.requires_grad and not pieces.requires_grad
    assert pieces.shape == (batch, length)
    torch.testing.assert_close(pieces, at_once.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_build_and_pass_sound(name):
    model = Autoencoder(PRESETS[name]().model).eval()
    audio = 0.1 * torch.randn(1, 4000)
    with torch.no_grad():
        heard = model.decode(model.encode(audio), 4000)
    assert heard.shape == audio.shape
    assert torch.isfinite(heard).all()


def test_strides_must_agree():
    config = tiny_config()
    crooked = config.model_copy(update={"decoder": (config.decoder[0].model_copy(update={"stride": 2}),)})
    with pytest.raises(ModelError, match="strides"):
        Autoencoder(crooked)


@pytest.mark.parametrize("name", sorted({*BOTTLENECKS} - {*CODED}))
def test_continuous_bottlenecks_refuse_tables_and_codes(name):
    model = tiny_model(BOTTLENECKS[name])
    with pytest.raises(ModelError, match="continuous"):
        model.fit_tables([])
    with pytest.raises(ModelError, match="continuous"):
        model.bottleneck.quantise(torch.zeros(1, 2, 8), 0.0)
