"""What anyone may expect of every shipped model."""

import pytest
import torch

from auricle.model import Autoencoder, load, shipped

LARGEST_MEGABYTES = {"speech": 15, "music": 16, "live": 9}


@pytest.fixture(scope="module", params=sorted(shipped()))
def model(request):
    return load(request.param)


def through(model: Autoencoder, audio: torch.Tensor, quality: float) -> torch.Tensor:
    codes = model.bottleneck.quantise(model.encode(audio), quality)
    return model.decode_bottled(model.bottleneck.dequantise(codes, quality), audio.shape[1])


@pytest.mark.parametrize("quality", [0.0, 0.1, 0.25, 0.5, 1.0, 2.5, 4.0, 6.0])
def test_silence_stays_silent_from_the_first_sample(model, quality):
    torch.manual_seed(0)
    count = model.sample_rate
    with torch.inference_mode():
        for level in (0.0, 1e-5):
            made = through(model, level * torch.randn(1, count), quality)
            assert made.abs().max() < 3e-3


@pytest.mark.parametrize("quality", [0.0, 0.5, 1.5, 4.0])
def test_sound_after_silence_begins_when_it_begins(model, quality):
    torch.manual_seed(0)
    count, hop = model.sample_rate, model.hop_length
    sound = torch.cat((torch.zeros(1, count), 0.1 * torch.randn(1, count)), 1)
    with torch.inference_mode():
        made = through(model, sound, quality)
    assert made[:, : count - 3 * hop].abs().max() < 0.01
    assert made[:, count + 3 * hop :].square().mean().sqrt() > 0.02


def test_the_file_keeps_its_size(model):
    assert shipped()[model.name].stat().st_size < LARGEST_MEGABYTES[model.name] * 1e6
