"""What a comb filter leaves of a voice and of what is between its harmonics."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from auricle.model import AutoencoderConfig, fingerprint, load, save
from auricle.model.blocks import ConvBlockConfig
from auricle.model.bottleneck import EntropyConfig
from auricle.model.comb import PitchComb
from auricle.model.harmonics import HarmonicsConfig
from contract import verify_step
from model.tiny import model_of, tiny_config

RATE, HOP, HOPS = 16000, 320, 40
COMBED = {
    "direct": True,
    "bands": 12,
    "noise_from": 4000.0,
    "envelope": 4,
    "harmonics": HarmonicsConfig(dim=8, blocks=(ConvBlockConfig(lookahead=1),)),
    "comb": 0.3,
}


def combed(audio: torch.Tensor, hertz: torch.Tensor, share: float = 1.0, strength: float = 0.3) -> torch.Tensor:
    """A signal ``(b, t)`` whose pitch is ``hertz`` ``(b, n)`` where its hops end."""
    comb = PitchComb(strength, HOP, RATE)
    voice = torch.stack((hertz, torch.full_like(hertz, share)), dim=-1)
    past, *_ = comb.initial_state(len(audio), None, None)
    after = torch.cat((voice[:, 1:], voice[:, -1:]), dim=1)
    return comb(audio, after, (past, *voice[:, :1].repeat(1, 2, 1).unbind(2)))[0]


def glide(first: float, last: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Twelve harmonics whose pitch goes evenly, and that pitch where hops end: ``(1, t)`` and ``(1, n)``."""
    hertz = torch.linspace(first, last, HOPS * HOP + 1, dtype=torch.float64)[1:]
    phase = 2 * torch.pi * hertz.cumsum(0) / RATE
    sound = sum((k * phase).cos() for k in range(1, 13)) / 12
    return sound.float()[None], hertz[HOP - 1 :: HOP].float()[None]


def loss_db(audio: torch.Tensor, filtered: torch.Tensor) -> float:
    """By how much a filtered signal is quieter, its beginning left out."""
    return float(10 * torch.log10(audio[:, HOP:].square().mean() / filtered[:, HOP:].square().mean()))


@settings(max_examples=20, deadline=None)
@given(st.floats(60.0, 480.0))
def test_a_voice_of_its_pitch_stays_what_it_is(hertz):
    sound, pitch = glide(hertz, hertz)
    error = (combed(sound, pitch) - sound)[:, HOP:].square().mean() / sound.square().mean()
    assert error < 0.02  # what linear interpolation between two samples takes of high harmonics


@pytest.mark.parametrize("strength", [0.2, 0.3, 0.5])
def test_noise_loses_what_two_unlike_parts_lose(strength):
    torch.manual_seed(0)
    noise, pitch = torch.randn(4, HOPS * HOP), torch.full((4, HOPS), 160.0)  # a hundred samples: nothing between two
    expected = -10 * np.log10((1 - strength) ** 2 + strength**2)
    assert loss_db(noise, combed(noise, pitch, strength=strength)) == pytest.approx(expected, abs=0.2)


def test_what_lies_between_harmonics_is_made_quieter():
    torch.manual_seed(0)
    voice, pitch = glide(125.0, 125.0)
    between = 0.1 * torch.randn_like(voice)
    rest = combed(voice + between, pitch) - combed(voice, pitch)
    assert loss_db(between, rest) > 2.0
    assert abs(loss_db(voice, combed(voice, pitch))) < 0.1


def test_a_pitch_that_moves_is_followed_from_sample_to_sample():
    sound, pitch = glide(110.0, 190.0)
    right = (combed(sound, pitch) - sound)[:, HOP:].square().mean()
    for shift in (-1, 1):
        wrong = (combed(sound, pitch.roll(shift, dims=1)) - sound)[:, 3 * HOP : -3 * HOP].square().mean()
        assert wrong > 1.3 * right, shift


def test_without_a_voice_nothing_changes():
    noise = torch.randn(2, HOPS * HOP)
    torch.testing.assert_close(combed(noise, torch.full((2, HOPS), 100.0), share=0.0), noise, rtol=0, atol=0)


def test_a_model_with_a_comb_streams_and_comes_back_from_its_file(tmp_path):
    model = model_of(tiny_config(EntropyConfig(dim=60, levels=4)).model_copy(update=COMBED))
    save(model, tmp_path / "combed.auricle.safetensors")
    back = load(tmp_path / "combed.auricle.safetensors")
    assert back.config.comb == 0.3 and fingerprint(back) == fingerprint(model)
    verify_step(model.decoder, torch.randn(1, 20, 60), [3, 11])
    plain = model_of(model.config.model_copy(update={"comb": 0.0}))
    plain.load_state_dict(model.state_dict())  # a comb has no weights
    z = torch.randn(1, 20, 60)
    assert not torch.equal(plain.decoder(z), model.decoder(z))


@pytest.mark.parametrize("without", ["harmonics", "envelope"])
def test_a_comb_without_what_it_stands_on_is_refused(without):
    fields = {**tiny_config(EntropyConfig(dim=60, levels=4)).model_dump(), **COMBED}
    fields[without] = None if without == "harmonics" else 0
    with pytest.raises(ValidationError, match="comb needs harmonics"):
        AutoencoderConfig.model_validate(fields)
