"""Harmonics of a decoded pitch in place of noise."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from auricle.errors import ModelError
from auricle.model import Autoencoder, fingerprint, load, save
from auricle.model.bands import BandNoise, harmonic_sources, other_noise
from auricle.model.blocks import ConvBlockConfig
from auricle.model.bottleneck import EntropyConfig
from auricle.model.front_end import MdctConfig
from auricle.model.harmonics import PITCH_CLASSES, HarmonicsConfig, HarmonicSource, pitch_class, pitch_hertz
from auricle.stream import Pointwise, Serial
from contract import verify_step
from model.tiny import model_of, tiny_config

RATE, HOP = 16000, 320
EDGES = np.array([0, 40, 80, 160, 320])
SMALL = HarmonicsConfig(dim=8, blocks=(ConvBlockConfig(lookahead=1),))
VOICED = {"direct": True, "bands": 12, "noise_from": 4000.0, "harmonics": SMALL}


def scores_of(hertz: torch.Tensor) -> torch.Tensor:
    """Scores as they are learned, for pitches ``(b, n)``: ``(b, n, p)``."""
    return -((torch.arange(PITCH_CLASSES) - pitch_class(hertz).unsqueeze(-1)) / 0.6).square() / 2


def source(reader: Serial) -> HarmonicSource:
    return HarmonicSource(reader, MdctConfig(hop_length=HOP).analysis(), 80, HOP, RATE, reader.latency)


def told() -> HarmonicSource:
    """Of latents that are scores themselves."""
    layer = Pointwise(PITCH_CLASSES + 1, PITCH_CLASSES + 1)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(PITCH_CLASSES + 1))
    return source(Serial([layer]))


def voices_of(hertz: torch.Tensor, voicing: float) -> torch.Tensor:
    return torch.cat((scores_of(hertz), torch.full((*hertz.shape, 1), voicing)), dim=-1)


def excite(hertz: torch.Tensor, voicing: float) -> torch.Tensor:
    """Expanded coefficients ``(b, n, k)`` of pitches ``(b, n)``."""
    layer, noise = told(), torch.randn(*hertz.shape, HOP).sign()
    companded, *_ = layer(voices_of(hertz, voicing), noise, layer.initial_state(hertz.shape[0], None, None))
    return companded * companded.abs()


def sound_of(coefficients: torch.Tensor) -> np.ndarray:
    return MdctConfig(hop_length=HOP).synthesis()(coefficients)[0, HOP:, 0].numpy()


@settings(max_examples=50, deadline=None)
@given(st.floats(60.0, 450.0))
def test_scores_mean_the_pitch_they_were_made_of(hertz):
    back = pitch_hertz(scores_of(torch.tensor([[hertz]])))
    assert abs(float(back) - hertz) < 0.26 + 0.002 * hertz


def test_a_wrong_class_far_away_does_not_move_the_pitch():
    scores = torch.zeros(1, 1, PITCH_CLASSES)
    scores[..., 30] = 8.0
    scores[..., 60] = 7.9
    assert pitch_hertz(scores).item() == pytest.approx(55 * 2 ** (30 / 20), rel=0.01)


@pytest.mark.parametrize("hertz", [80.0, 150.0, 310.0])
def test_a_steady_pitch_gives_its_harmonics_and_nothing_between_them(hertz):
    sound = sound_of(excite(torch.full((1, 100), hertz), 30.0))[8 * HOP : 72 * HOP]
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    below = (frequencies > 50) & (frequencies < 1800)
    distance = np.abs(frequencies / hertz - np.rint(frequencies / hertz)) * hertz
    assert power[below & (distance < 8)].sum() > 0.97 * power[below].sum()


@pytest.mark.parametrize("share", [-30.0, 0.0, 30.0])
def test_power_is_that_of_flat_noise_whatever_the_share(share):
    torch.manual_seed(0)
    coefficients = excite(torch.linspace(90, 250, 300)[None], share)[0, 5:]
    for low, high in ((0, 40), (40, 80), (200, 320)):
        assert coefficients[:, low:high].square().mean().item() == pytest.approx(1.0, abs=0.08)


def test_above_the_highest_band_there_is_noise_alone():
    torch.manual_seed(0)
    coefficients = excite(torch.full((1, 50), 120.0), 30.0)
    torch.testing.assert_close(coefficients[..., 80:].abs(), torch.ones(1, 50, 240), rtol=1e-3, atol=1e-3)
    assert coefficients[..., :80].abs().std() > 0.3


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(1, 59), max_size=5).map(sorted), st.integers(0, 2))
def test_phases_go_on_from_piece_to_piece_and_scores_wait_for_the_decoder(cuts, farther):
    torch.manual_seed(2)
    reader = SMALL.reader(3)
    layer = HarmonicSource(reader, MdctConfig(hop_length=HOP).analysis(), 80, HOP, RATE, reader.latency + farther)
    body = Serial([Pointwise(3, 80 + 4), ConvBlockConfig(lookahead=1 + farther).build(84)])
    verify_step(BandNoise(body, EDGES, 80, layer.requires_grad_(False)).eval(), torch.randn(2, 60, 3), cuts)


def test_a_long_sound_keeps_its_phase():
    layer = told()
    voices, state = voices_of(torch.full((1, 5000), 200.0), 30.0), layer.initial_state(1, None, None)
    noise = torch.ones(1, 5000, HOP)
    whole, *_ = layer(voices, noise, state)
    first, _, state = layer(voices[:, :4999], noise[:, :4999], state)
    last, *_ = layer(voices[:, 4999:], noise[:, 4999:], state)
    torch.testing.assert_close(torch.cat((first, last), dim=1), whole, rtol=1e-5, atol=1e-5)


def test_another_draw_has_other_phases_and_lasts_as_long_as_it_is_asked_for():
    torch.manual_seed(0)
    layer = told()
    body = Pointwise(PITCH_CLASSES + 1, 80 + 4, gain=0.0)
    with torch.no_grad():
        body.bias[80:84] = 1.0
    noisy, z = (
        BandNoise(body, EDGES, 80, layer).eval().requires_grad_(False),
        voices_of(torch.full((1, 30), 170.0), 30.0),
    )
    before = noisy(z)
    with other_noise(noisy, 12345678):
        other = noisy(z)
    assert np.corrcoef(before[..., :60].flatten(), other[..., :60].flatten())[0, 1] < 0.9
    torch.testing.assert_close(noisy(z), before, rtol=0, atol=0)


def test_a_reader_that_sees_farther_ahead_than_the_decoder_is_refused():
    far = HarmonicsConfig(dim=8, blocks=(ConvBlockConfig(lookahead=3),))
    with pytest.raises(ModelError, match="3 frames ahead"):
        Autoencoder(tiny_config(EntropyConfig(dim=60, levels=4)).model_copy(update={**VOICED, "harmonics": far}))


def test_a_model_with_harmonics_is_saved_loaded_and_streams(tmp_path):
    model = model_of(tiny_config(EntropyConfig(dim=60, levels=4)).model_copy(update=VOICED))
    save(model, tmp_path / "voiced.auricle.safetensors")
    back = load(tmp_path / "voiced.auricle.safetensors")
    assert back.config.harmonics == SMALL and fingerprint(back) == fingerprint(model)
    assert len(harmonic_sources(back.decoder)) == 1
    assert model.decode(model.encode(0.1 * torch.randn(1, 16000)), 16000).isfinite().all()
    verify_step(model.decoder, torch.randn(1, 20, 60), [3, 11])


def test_a_model_without_harmonics_says_nothing_of_them():
    assert "harmonics" not in tiny_config().model_dump() and not harmonic_sources(model_of(tiny_config()).decoder)


def test_harmonics_need_noise_to_stand_in_for():
    with pytest.raises(ValidationError, match="harmonics needs noise_from"):
        type(tiny_config()).model_validate({**tiny_config().model_dump(), "harmonics": SMALL})
