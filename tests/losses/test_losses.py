"""What every loss promises, and closed forms where there are some."""

import math

import pytest
import torch
import torch.nn.functional as F

from auricle.losses import (
    BandEnergyConfig,
    CompandedMdctConfig,
    ComplexStftConfig,
    L1Config,
    LogMelConfig,
    LossConfig,
    MeanSquaredErrorConfig,
    MultiResolutionStftConfig,
    OnsetConfig,
    PeaksConfig,
    RepetitionConfig,
)


@pytest.mark.parametrize("kind", sorted(LossConfig.kinds))
class TestEveryLoss:
    def test_is_zero_for_equal_sounds_and_one_value_per_item(self, kind):
        loss = LossConfig.kinds[kind]().build(16000)
        audio = 0.2 * torch.randn(3, 6400)
        value = loss(audio, audio)
        assert value.shape == (3,)
        torch.testing.assert_close(value, torch.zeros(3), rtol=0, atol=1e-6)

    def test_grows_with_the_error_of_its_own_item(self, kind):
        loss = LossConfig.kinds[kind]().build(16000)
        torch.manual_seed(0)
        reference, noise = 0.2 * torch.randn(3, 6400), torch.randn(3, 6400)
        value = loss(reference + noise * torch.tensor([[0.0], [0.01], [0.1]]), reference)
        assert value[0] < value[1] < value[2]

    def test_has_finite_gradients_at_silence_and_at_equality(self, kind):
        loss = LossConfig.kinds[kind]().build(16000)
        reference = torch.cat((torch.zeros(1, 6400), 0.2 * torch.randn(1, 6400)))
        for estimate in (torch.zeros(2, 6400), reference.clone()):
            estimate.requires_grad_()
            loss(estimate, reference).sum().backward()
            assert torch.isfinite(estimate.grad).all()

    def test_leads_downhill(self, kind):
        loss = LossConfig.kinds[kind]().build(16000)
        torch.manual_seed(0)
        reference = 0.2 * torch.randn(1, 6400)
        estimate = (reference + 0.05 * torch.randn(1, 6400)).requires_grad_()
        before = loss(estimate, reference)
        before.sum().backward()
        step = 1e-3 * estimate.grad / estimate.grad.norm()
        assert loss(estimate.detach() - step, reference) < before


def test_waveform_losses_have_their_closed_forms():
    a, b = torch.zeros(1, 4), torch.tensor([[1.0, -1.0, 3.0, 1.0]])
    assert L1Config().build(16000)(a, b).item() == 1.5
    assert MeanSquaredErrorConfig().build(16000)(a, b).item() == 3.0


def test_peaks_hear_a_click_that_levels_hide():
    torch.manual_seed(0)
    audio = 0.05 * torch.randn(1, 16000)
    click = audio.clone()
    click[0, 8000] = 2.0
    loss, levels = PeaksConfig(tolerance=0.1).build(16000), BandEnergyConfig().build(16000)
    assert loss(0.95 * audio, audio).item() == 0.0
    assert loss(click, audio).item() > 4 * levels(click, audio).item()


def test_log_mel_measures_a_gain_in_nepers():
    torch.manual_seed(0)
    audio = torch.randn(1, 8000)
    loss = LogMelConfig(floor=1e-9).build(16000)
    assert loss(audio * math.e, audio).item() == pytest.approx(1.0, abs=1e-3)


def test_complex_stft_hears_phase_and_magnitude_does_not():
    torch.manual_seed(0)
    audio = 0.2 * torch.randn(1, 8000)
    whole = ComplexStftConfig(magnitude=0.0).build(16000)
    sizes = ComplexStftConfig(magnitude=1.0).build(16000)
    assert sizes(-audio, audio).item() == pytest.approx(0.0, abs=1e-6)
    assert whole(-audio, audio).item() > 0.1


def test_losses_keep_no_trainable_weights():
    for config in (ComplexStftConfig(), LogMelConfig(), MultiResolutionStftConfig(), CompandedMdctConfig()):
        assert not [p for p in config.build(16000).parameters() if p.requires_grad]


@pytest.mark.parametrize(
    "config", [ComplexStftConfig(), LogMelConfig(), BandEnergyConfig(), MultiResolutionStftConfig()]
)
def test_spectral_distances_hear_the_first_millisecond(config):
    loss, sound = config.build(16000), 0.3 * torch.randn(1, 16000)
    early, late = sound.clone(), sound.clone()
    early[:, :16], late[:, 8000:8016] = 0.0, 0.0
    assert loss(early, sound) > 0.3 * loss(late, sound)


def test_distances_below_a_frequency_do_not_hear_above_it():
    t = torch.arange(16000) / 16000
    low, high = (0.3 * torch.sin(2 * torch.pi * hz * t)[None] * torch.hann_window(16000) for hz in (500.0, 6000.0))
    for config in (ComplexStftConfig, LogMelConfig):
        ends, whole = (config(below=below).build(16000) for below in (3000.0, None))
        assert ends(low + high, low) < 0.4 * whole(low + high, low)


def test_energies_of_bands_do_not_mind_other_noise_and_hear_its_level():
    loss = BandEnergyConfig().build(16000)
    first, second = (0.1 * torch.randn(1, 32000) for _ in range(2))
    assert loss(2 * first, first).item() == pytest.approx(0.69, abs=0.02)
    assert loss(first, second) < 0.4


def test_energies_of_bands_from_a_border_on_weigh_more():
    torch.manual_seed(0)
    spectrum = torch.fft.rfft(0.1 * torch.randn(1, 32000))
    hertz = torch.arange(16001) / 2
    low, high = torch.fft.irfft(spectrum * (hertz < 3000)), torch.fft.irfft(spectrum * (hertz > 5200))
    plain, weighted = BandEnergyConfig().build(16000), BandEnergyConfig(border=4000.0, above=3.0).build(16000)
    louder_treble, louder_bass = (low + 2 * high, low + high), (2 * low + high, low + high)
    assert weighted(*louder_treble).item() == pytest.approx(3 * plain(*louder_treble).item(), rel=0.1)
    assert weighted(*louder_bass).item() == pytest.approx(plain(*louder_bass).item(), rel=0.1)


def test_repetition_tells_a_buzz_from_noise_however_faint():
    torch.manual_seed(0)
    loss = RepetitionConfig(hop_length=320).build(16000)
    for level in (0.1, 1e-3):
        original, noise, waveform = level * torch.randn(3, 1, 64000)
        buzz = waveform[:, :320].repeat(1, 200)
        alternating = torch.cat((waveform[:, :320], -waveform[:, :320]), dim=1).repeat(1, 100)
        assert loss(noise, original).item() < 0.02
        assert loss(buzz, original).item() > 0.9 and loss(alternating, original).item() > 0.9


def test_repetition_that_the_original_has_is_none():
    loss = RepetitionConfig(hop_length=320).build(16000)
    tone = 0.3 * torch.sin(2 * math.pi * 1000 / 16000 * torch.arange(32000))[None]
    torch.manual_seed(0)
    assert loss(tone + 1e-3 * torch.randn(1, 32000), tone + 1e-3 * torch.randn(1, 32000)).item() < 0.02


def struck(start: int) -> torch.Tensor:
    """A tone that begins suddenly, behind silence: ``(1, t)``."""
    t = torch.arange(16000 - start) / 16000
    return torch.cat((torch.zeros(start), 0.5 * torch.exp(-t / 0.1) * torch.cos(2 * math.pi * 200 * t)))[None]


@pytest.mark.parametrize("start", [0, 4000, 8003])
def test_onsets_hear_the_first_millisecond_and_nothing_else(start):
    loss, sound = OnsetConfig().build(16000), struck(start)
    first, later = sound.clone(), sound.clone()
    first[:, start : start + 16] *= 0.5
    later[:, start + 64 :] *= 0.5
    assert loss(0.5 * sound, sound).item() == pytest.approx(math.log(2), abs=0.01)
    assert loss(first, sound).item() > 0.4 and loss(later, sound).item() < 0.05


@pytest.mark.parametrize("start", [4000, 8003])
def test_onsets_hear_what_comes_just_before(start):
    torch.manual_seed(0)
    loss, sound = OnsetConfig().build(16000), struck(start)

    def early(level: float, milliseconds: int) -> float:
        end = start - 16 * milliseconds
        return loss(sound + F.pad(level * torch.randn(1, 16), (end - 16, 16000 - end)), sound).item()

    assert early(0.1, 0) > 0.3 and early(0.1, 1) > 0.3
    assert early(0.1, 0) > early(0.03, 0) > 0
    assert early(1e-3, 0) < 0.01  # far below the beginning
    assert early(0.1, 6) == 0  # other losses hear that


def test_what_rises_slowly_has_no_onset():
    torch.manual_seed(0)
    slow = torch.linspace(0, 0.3, 32000) * torch.randn(1, 32000)
    assert OnsetConfig().build(16000)(0.5 * slow, slow).item() == 0
