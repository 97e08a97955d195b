"""What anyone may expect of every shipped model."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

import auricle
from auricle.audio import read, resample
from auricle.model import Autoencoder, load, shipped

SOUNDS = Path(auricle.__file__).parent / "demo" / "sounds"
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


def test_no_step_of_the_dial_is_a_cliff(model):
    """Where many features begin to sound at once, nothing lies between a file and one that is much larger."""
    audio, rate = read(SOUNDS / ("speech_1.flac" if model.name == "speech" else "music_1.flac"))
    z = model.encode(torch.from_numpy(resample(audio[:1], rate, model.sample_rate)))
    sizes = [
        model.tables.at(step).ideal_bits(model.bottleneck.quantise(z, step / 8).numpy())
        for step in range(model.tables.last_step + 1)
    ]
    growth = [after / before for before, after in pairwise(sizes)]
    assert min(growth) > 1.0 and max(growth) < 1.15
