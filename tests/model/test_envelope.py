"""Loudness inside a frame."""

import json

import numpy as np
import pytest
import torch

from auricle.errors import ConfigError
from auricle.model import fingerprint, load, save
from auricle.model.bottleneck import EntropyConfig
from auricle.model.config import parse_config
from auricle.model.envelope import ShapedSynthesis, WithPartLevels, with_envelope
from auricle.model.front_end import MdctConfig, front_end
from contract import verify_step
from model.tiny import model_of, tiny_config

HOP, PARTS, WAVEFORM_BINS = 64, 8, 40
SHAPED = {"direct": True, "bands": 24, "noise_from": 4000.0, "envelope": 8}


def synthesis() -> ShapedSynthesis:
    config = MdctConfig(hop_length=HOP)
    return with_envelope(front_end(config)[2], config.bins, WAVEFORM_BINS, HOP, PARTS)


def frames_of(sound: torch.Tensor) -> torch.Tensor:
    """Companded coefficients ``(1, n, k)`` of samples ``(t,)``, and flat curves behind them."""
    coefficients = front_end(MdctConfig(hop_length=HOP))[0](sound.reshape(1, -1, 1))
    return torch.nn.functional.pad(coefficients, (0, 2 * PARTS))


def test_flat_curves_change_nothing():
    torch.manual_seed(0)
    sound = 0.3 * torch.randn(40 * HOP)
    decoded = synthesis()(frames_of(sound))[0, HOP:, 0]
    torch.testing.assert_close(decoded, sound[:-HOP], rtol=1e-4, atol=1e-5)


def test_each_curve_shapes_its_own_part_of_the_spectrum():
    torch.manual_seed(0)
    sound = 0.3 * torch.randn(200 * HOP)
    frames = frames_of(sound)
    frames[:, :, HOP + PARTS :] = -50.0
    spectrum = torch.fft.rfft(synthesis()(frames)[0, HOP:, 0]).abs().square()
    reference = torch.fft.rfft(sound[:-HOP]).abs().square()
    border = len(spectrum) * WAVEFORM_BINS // HOP
    below, above = slice(0, border - 300), slice(border + 300, None)
    assert abs(10 * (spectrum[below].sum() / reference[below].sum()).log10()) < 0.1
    assert -41 < 10 * (spectrum[above].sum() / reference[above].sum()).log10() < -38, "40 dB down at the most"


def test_a_curve_runs_over_the_border_of_hops_rises_early_and_falls_late():
    even = synthesis()(frames_of(torch.full((10 * HOP,), 0.5)))[0, :, 0]
    frames = frames_of(torch.full((10 * HOP,), 0.5))
    frames[:, 5, HOP : HOP + PARTS] = torch.linspace(-0.2, -1.6, PARTS)
    curve = (synthesis()(frames)[0, :, 0] / even)[2 * HOP :].numpy()
    length = HOP // PARTS
    assert curve[:HOP] == pytest.approx(1.0, abs=1e-4) and curve[4 * HOP - 1] == pytest.approx(np.exp(-1.6), abs=0.02)
    assert curve[4 * HOP + length :] == pytest.approx(1.0, abs=1e-4)
    assert curve[4 * HOP] > 0.7, "an eighth of the way up, most of the rise is done"
    straight = np.interp(np.arange(1, length), (0, length), np.exp((-1.4, -1.6)))
    assert curve[4 * HOP - length : 4 * HOP - 1] == pytest.approx(straight, abs=0.02), "alike points: a straight line"


def test_levels_of_parts_say_where_in_the_hop_a_sound_begins():
    layer = WithPartLevels(MdctConfig(hop_length=HOP).analysis(), HOP, PARTS)
    sound = torch.zeros(1, 2 * HOP, 1)
    sound[:, HOP + 3 * HOP // PARTS :] = 0.5
    levels = layer(sound)[0, 1, HOP : HOP + PARTS]
    assert (levels[:3] == levels[0]).all() and (levels[3:] > levels[0] + 2.0).all()


def test_a_model_with_an_envelope_is_saved_loaded_and_streams(tmp_path):
    model = model_of(tiny_config(EntropyConfig(dim=60, levels=4)).model_copy(update=SHAPED))
    save(model, tmp_path / "shaped.auricle.safetensors")
    back = load(tmp_path / "shaped.auricle.safetensors")
    assert back.config.envelope == 8 and fingerprint(back) == fingerprint(model)
    sound = 0.1 * torch.randn(1, 16000)
    assert model.decode(model.encode(sound), 16000).isfinite().all()
    verify_step(model.encoder, sound[:, : 20 * 320].unsqueeze(2), [3 * 320, 11 * 320])
    verify_step(model.decoder, torch.randn(1, 20, 60), [3, 11])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise_from": 0.0}, "envelope needs noise_from"),
        ({"envelope": 7}, "a hop of 320 samples has no 7 equal parts"),
    ],
)
def test_envelopes_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(json.dumps(tiny_config().model_dump(mode="json") | SHAPED | change))
