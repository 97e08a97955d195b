"""Bands: their levels are heard, and filled with noise that anyone can make again."""

import hashlib
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.dsp.mel import band_edges
from auricle.errors import ConfigError, ModelError
from auricle.model.bands import BandLevels, BandNoise, NoiseFill, bands_above, other_noise, with_coherence
from auricle.model.bottleneck import EntropyConfig
from auricle.model.config import AutoencoderConfig, parse_config
from auricle.model.files.file import load
from auricle.model.files.writing import fingerprint, save
from auricle.stream import Pointwise, Serial
from contract import verify_step
from model.tiny import model_of, tiny_config

BANDS = 12


def config_with_bands() -> AutoencoderConfig:
    bottleneck = EntropyConfig(dim=60, levels=4, coarsest=1.0, finest=16.0)
    return tiny_config(bottleneck).model_copy(update={"direct": True, "bands": BANDS})


@given(st.integers(8000, 96000), st.integers(2, 1024), st.data())
def test_bands_share_all_bins_among_them(rate, bins, data):
    bands = data.draw(st.integers(1, bins // 2))
    edges = band_edges(rate, bins, bands)
    assert edges[0] == 0 and edges[-1] == bins and len(edges) == bands + 1
    assert (np.diff(edges) > 0).all()


@given(st.integers(0, 400))
def test_the_bands_above_begin_where_the_features_of_coefficients_end(features):
    edges = band_edges(16000, 320, 24)
    above = bands_above(edges, features)
    assert 0 <= above <= min(24, features)
    assert above == 0 or edges[24 - above] >= features - above


def test_levels_are_roots_of_mean_magnitudes():
    x = torch.tensor([[[0.5, -1.0, 3.0, -2.0]]])
    levels = BandLevels(np.array([0, 1, 4]))(x)[0, 0, 4:]
    assert torch.allclose(levels, torch.tensor([0.5, 2.0]).sqrt(), atol=0.04)
    assert BandLevels(np.array([0, 1, 4]))(torch.zeros(1, 1, 4)).abs().max() < 1e-6


def test_levels_by_energy_are_what_the_decoder_needs_to_make_noise_of_that_energy():
    """Whatever the distribution of a band's coefficients; levels by mean magnitude are too low for sparse ones."""
    companded = torch.rand(1, 400, 48, generator=torch.Generator().manual_seed(2)).pow(2)
    edges = np.array([0, 8, 20, 48])

    def energy_ratio(levels: torch.Tensor) -> float:
        above_silence = levels + 1e-3**0.5  # a constant is taken off, so that silence has the level 0
        noise = torch.repeat_interleave(above_silence, torch.from_numpy(np.diff(edges)), dim=-1).square()
        return float(noise.pow(4).sum() / companded.pow(4).sum())

    by_energy = BandLevels(edges, energies=True)(companded)[..., 48:]
    by_magnitude = BandLevels(edges)(companded)[..., 48:]
    assert energy_ratio(by_energy) == pytest.approx(1.0, abs=0.05)
    assert energy_ratio(by_magnitude) < 0.5
    assert BandLevels(edges, energies=True)(torch.zeros(1, 1, 48)).abs().max() < 1e-6


def filler(levels: list[float]) -> NoiseFill:
    """Coefficients of zero, and levels that do not depend on the latents."""
    body = Pointwise(3, 64 + len(levels), gain=0.0)
    with torch.no_grad():
        body.bias[64:] = torch.tensor(levels)
    return NoiseFill(body, np.array([0, 16, 32, 64])).eval().requires_grad_(False)


def test_noise_has_the_level_and_stays_in_its_band():
    made = filler([0.0, 0.5, -1.0])(torch.randn(1, 400, 3))
    assert made[..., :16].abs().max() == 0 and made[..., 32:].abs().max() == 0
    assert made[..., 16:32].abs().mean() == pytest.approx(0.25, rel=0.03)
    assert abs(made[..., 16:32].mean()) < 0.02


def test_noise_follows_from_the_latents_alone():
    torch.manual_seed(0)
    fill, z = filler([1.0, 1.0, 1.0]), torch.randn(2, 50, 3)
    whole = fill(z)
    assert torch.equal(fill(z[:, 20:]), whole[:, 20:])
    assert torch.equal(fill(z + 1e-7), whole) or (fill(z + 1e-7) != whole).any(-1).float().mean() < 0.02
    frames = whole.flatten(0, 1)
    alike = (frames @ frames.T / (frames.norm(dim=1)[:, None] * frames.norm(dim=1))).abs() > 0.9
    assert alike.float().mean() < 0.03, "other latents, other noise"


def test_noise_goes_on_changing_while_latents_stand_still():
    still = filler([1.0, 1.0, 1.0])(torch.zeros(2, 300, 3))
    assert torch.equal(still[0], still[1])
    for lag in range(1, 250):
        assert not torch.equal(still[0, lag], still[0, 0])
    assert torch.equal(still[0, 256], still[0, 0]), "after 256 frames it begins again"


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(1, 399), max_size=6).map(sorted), st.integers(0, 398), st.integers(1, 399))
def test_how_long_latents_stand_still_is_remembered_between_pieces(cuts, begin, length):
    z = torch.randn(1, 400, 3)
    z[:, begin : begin + length] = 0.5
    verify_step(filler([1.0, 0.5, 0.2]).requires_grad_(True), z, cuts)


def test_half_precision_makes_the_same_noise_of_the_same_latents():
    fill, z = filler([1.0, 1.0, 1.0]), torch.randn(2, 50, 3)
    with torch.autocast("cpu", torch.bfloat16):
        half = fill(z)
    torch.testing.assert_close(half.float(), fill(z), rtol=0.02, atol=0.02)


def test_the_noise_is_the_same_everywhere():
    noise = filler([1.0, 1.0, 1.0]).noise
    assert hashlib.sha256(noise.numpy().astype("<f4").tobytes()).hexdigest()[:16] == "a6d9cc3f50c5f7aa"


NOISY = {"direct": True, "bands": BANDS, "noise_from": 4000.0}


def band_noise(levels: list[float], waveform_bins: int = 16) -> BandNoise:
    """Coefficients of zero, and levels that do not depend on the latents."""
    body = Pointwise(3, waveform_bins + len(levels), gain=0.0)
    with torch.no_grad():
        body.bias[waveform_bins:] = torch.tensor(levels)
    return BandNoise(body, np.array([0, 16, 32, 64]), waveform_bins).eval().requires_grad_(False)


def test_flat_noise_has_exactly_its_level_and_none_where_levels_are_low():
    torch.manual_seed(0)
    noise = band_noise([-1.0, 0.5, 0.5])(torch.randn(1, 400, 3))
    assert noise[..., :7].abs().max() < 1e-9
    torch.testing.assert_close(noise[..., 24:].abs(), torch.full((1, 400, 40), 0.25), rtol=1e-3, atol=1e-5)
    assert noise[..., 24:].mean().abs() < 0.01, "signs are even"


def test_flat_noise_does_not_repeat_itself_while_latents_move_or_stand_still():
    torch.manual_seed(0)
    for latents in (torch.randn(1, 200, 3), torch.zeros(1, 200, 3)):
        signs = band_noise([1.0, 1.0, 1.0])(latents)[0].sign()
        for lag in (1, 2, 3, 4, 50):
            assert (signs[lag:] * signs[:-lag]).mean().abs() < 0.05


def test_the_level_above_the_border_does_not_depend_on_the_noise_below_it():
    torch.manual_seed(0)
    z = torch.randn(1, 50, 3)
    quiet, loud = (band_noise([level, 0.5, 0.5])(z)[..., 16:] for level in (-1.0, 1.0))
    torch.testing.assert_close(quiet, loud)
    torch.testing.assert_close(quiet.abs(), torch.full((1, 50, 48), 0.25), rtol=1e-3, atol=1e-5)


def test_other_noise_has_the_same_levels_and_lasts_as_long_as_it_is_asked_for():
    layer, x = band_noise([0.5, 0.5, 0.5]), torch.randn(1, 40, 3, generator=torch.Generator().manual_seed(0))
    before = layer(x)
    with other_noise(layer, 12345):
        other = layer(x)
    assert 0.4 < (before[..., 16:].sign() == other[..., 16:].sign()).float().mean() < 0.6
    torch.testing.assert_close(before[..., 16:].abs(), other[..., 16:].abs())
    torch.testing.assert_close(layer(x), before, rtol=0, atol=0)


@pytest.mark.parametrize("coherence", [0.0, 0.3, 1.0])
def test_channels_share_noise_in_as_many_bins_as_is_asked_for(coherence):
    torch.manual_seed(0)
    body = Pointwise(3, 502, gain=0.0)
    with torch.no_grad():
        body.bias[2:] = 0.5
    layer = BandNoise(body, np.arange(0, 2001, 4), 2).eval().requires_grad_(False)
    decoder, x = Serial([layer]), 20 * torch.randn(3, 50, 3)
    state = with_coherence(decoder, decoder.initial_state(3), coherence)
    signs = decoder.step(x, state)[0].sign()
    torch.testing.assert_close(signs[:1], layer(x[:1]).sign(), rtol=0, atol=0)  # the first leads
    for other in (1, 2):
        always = (signs[0] == signs[other]).all(0).float().mean()
        assert always == pytest.approx(coherence, abs=0.04)
        assert (signs[0] * signs[other]).mean() == pytest.approx(coherence, abs=0.04)
    half, after = decoder.step(x[:, :20], state)
    torch.testing.assert_close(torch.cat((half, decoder.step(x[:, 20:], after)[0]), 1).sign(), signs)


def test_flat_noise_never_loses_its_slope():
    noise = band_noise([-0.3, -0.3, -0.3]).requires_grad_(True)
    noise(torch.randn(1, 20, 3)).square().sum().backward()
    assert (noise.body.bias.grad[16:] != 0).all()


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(1, 99), max_size=6).map(sorted), st.integers(0, 98))
def test_flat_noise_streams(cuts, begin):
    z = torch.randn(1, 100, 3)
    z[:, begin : begin + 30] = 0.5
    verify_step(band_noise([1.0, 0.5, 0.2]).requires_grad_(True), z, cuts)


def test_the_signs_of_flat_noise_are_the_same_everywhere():
    z = torch.arange(60, dtype=torch.float32).reshape(1, 20, 3) / 7
    signs = (band_noise([1.0, 1.0, 1.0])(z)[0] > 0).numpy().astype(np.uint8)
    assert hashlib.sha256(np.packbits(signs).tobytes()).hexdigest()[:16] == "57b616c7539e41e8"


def test_a_model_with_noise_above_a_frequency_is_saved_loaded_and_streams(tmp_path):
    config = tiny_config(EntropyConfig(dim=60, levels=4)).model_copy(update=NOISY)
    model = model_of(config)
    save(model, tmp_path / "noise.auricle.safetensors")
    back = load(tmp_path / "noise.auricle.safetensors")
    assert back.config.noise_from == 4000.0 and fingerprint(back) == fingerprint(model)
    sound = 0.1 * torch.randn(1, 16000)
    assert model.decode(model.encode(sound), 16000).isfinite().all()
    verify_step(model.decoder, torch.randn(1, 20, 60), [3, 11])


@pytest.mark.parametrize(
    ("changes", "most"), [({}, 4.0), ({"energies": True, "noise_from": 4000.0}, 1.0)], ids=["magnitudes", "energies"]
)
def test_an_untrained_model_keeps_the_level_of_noise_that_it_has_no_coefficients_for(changes, most):
    model = model_of(config_with_bands().model_copy(update=changes))
    torch.manual_seed(1)
    sound = 0.2 * torch.randn(1, 32000)
    spectra = [torch.fft.rfft(x[0, 4000:28000]).abs() for x in (sound, model.decode(model.encode(sound), 32000))]
    hz = torch.fft.rfftfreq(24000, 1 / 16000)
    high = (hz > 4000) & (hz < 7500)
    kept = spectra[1][high].square().sum() / spectra[0][high].square().sum()
    assert -most < 10 * kept.log10() < most


def test_bands_whose_waveform_is_coded_can_have_features_of_their_levels_too():
    levels = {"direct": True, "bands": 24, "energies": True, "noise_from": 4000.0, "levels_from": 1700.0}
    model = model_of(tiny_config(EntropyConfig(dim=180, levels=4)).model_copy(update=levels))
    edges = band_edges(16000, 320, 24)
    first = int(np.abs(edges * 25 - 1700.0).argmin())
    coefficients = 180 - (24 - first)
    loudness = torch.linspace(-3, 3, 32000).exp()
    spectrum = torch.fft.rfft(torch.randn(1, 32000, generator=torch.Generator().manual_seed(3)))
    hz = torch.fft.rfftfreq(32000, 1 / 16000)
    for band in (first, 24 - 1):
        inside = (hz > 25 * edges[band]) & (hz < 25 * edges[band + 1])
        z = model.encode(0.02 * loudness * torch.fft.irfft(spectrum * inside))[0]
        feature = coefficients + band - first
        assert z[80:, feature].mean() > 1.5 * z[:20, feature].mean() > 0
        elsewhere = [coefficients + other - first for other in range(first, 24) if abs(other - band) > 1]
        assert z[80:, feature].mean() > 3 * z[80:, elsewhere].abs().mean()
    with pytest.raises(ModelError, match="12 bands have features, and 8 features there are: raise levels_from"):
        model_of(tiny_config(EntropyConfig(dim=8, levels=4)).model_copy(update=levels))


def test_files_say_so_and_those_without_are_as_before(tmp_path):
    model = model_of(config_with_bands())
    save(model, tmp_path / "bands.auricle.safetensors")
    back = load(tmp_path / "bands.auricle.safetensors")
    assert back.config.bands == BANDS and fingerprint(back) == fingerprint(model)
    z = model.encode(0.1 * torch.randn(1, 8000))
    torch.testing.assert_close(back.decode(z, 8000), model.decode(z, 8000), rtol=0.05, atol=0.01)
    assert "bands" not in tiny_config().model_dump_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"direct": False, "bands": 8}, "bands need direct maps"),
        ({"direct": True, "bands": 161}, "161 bands of 320 coefficients"),
        ({"direct": True, "bands": 8, "transform": {"kind": "stft", "hop_length": 320}}, "an MDCT front end"),
        ({"direct": True, "bands": -1}, "bands"),
        ({"direct": True, "noise_from": 4000.0}, "noise_from needs bands"),
        ({"direct": True, "energies": True}, "energies needs bands"),
        ({"direct": True, "bands": 8, "noise_from": 8000.0}, "below half the sample rate"),
        ({"direct": True, "bands": 8, "noise_from": 4000.0, "levels_from": 4001.0}, "must be at most noise_from"),
        ({"direct": True, "bands": 8, "levels_from": 1.0}, "must be at most noise_from"),
    ],
)
def test_bands_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(json.dumps(tiny_config().model_dump(mode="json") | change))
