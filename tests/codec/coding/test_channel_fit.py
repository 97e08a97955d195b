"""Channels are turned where that saves bits; otherwise their noise comes from where it came from."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle import codec
from auricle.codec.coding.channel_fit import ChannelFit, fit_channels
from auricle.codec.format.channel_rotation import MID_SIDE, rotation
from auricle.codec.format.container import PacketReader
from auricle.codec.format.header import COHERENCE_STEPS, Header
from auricle.options.coding import CompressOptions

RATE, BORDER = 44100, 5000.0
SAMPLES = 2 * RATE
LEFT, RIGHT = 0.9, 0.3


def hiss(
    channels: int, *, shared: float, seconds: float = 2.0, low: float = 6000.0, high: float = 16000.0
) -> np.ndarray:
    """Noise ``(c, t)`` between two frequencies, of which all channels have a share of energy in common."""
    rng = np.random.default_rng(3)
    spectrum = np.fft.rfft(rng.normal(size=(channels + 1, SAMPLES)))
    frequencies = np.fft.rfftfreq(SAMPLES, 1 / RATE)
    noise = np.fft.irfft(spectrum * ((frequencies > low) & (frequencies < high)))
    return (0.05 * (np.sqrt(shared) * noise[:1] + np.sqrt(1 - shared) * noise[1:])).astype(np.float32)


def fit(audio: np.ndarray, pieces: int = 1) -> ChannelFit:
    blocks = np.array_split(audio, pieces, axis=1)
    return fit_channels(lambda: blocks, len(audio), RATE, BORDER)


@pytest.mark.parametrize("gains", [(1.0, 1.0), (0.9, 0.3), (0.2, 0.2, 0.2), (0.1, 0.5, 0.3, 0.2)])
def test_one_sound_at_several_gains_is_gathered_in_one_channel(gains: tuple[float, ...]) -> None:
    audio = np.array(gains, np.float32)[:, None] * hiss(1, shared=0.0)
    angles, coherence_step = fit(audio)
    energies = np.square(rotation(angles, len(gains)) @ audio).sum(1)
    assert energies[1:].max() < 1e-6 * energies[0] and coherence_step == 0
    if gains == (1.0, 1.0):
        assert angles == MID_SIDE


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("channels", [2, 3])
def test_channels_with_sounds_of_their_own_stay_and_share_noise_as_they_did(channels: int, shared: float) -> None:
    own = hiss(channels, shared=0.0, low=200.0, high=3000.0)
    aside = np.array([LEFT, RIGHT, RIGHT], np.float32)[:channels, None] * hiss(channels, shared=shared)
    angles, coherence_step = fit(own + aside)
    assert not any(angles)
    assert coherence_step / COHERENCE_STEPS == pytest.approx(shared, abs=0.1)


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_stereo_whose_noise_is_in_the_middle_becomes_mid_and_side(shared: float) -> None:
    own = hiss(2, shared=0.0, low=200.0, high=3000.0)
    assert fit(own + hiss(2, shared=shared)) == ChannelFit(MID_SIDE, 0)


def test_three_channels_whose_noise_is_in_the_middle_are_made_uncorrelated() -> None:
    audio = hiss(3, shared=0.5, low=200.0, high=16000.0)
    turned = rotation(fit(audio).angles, 3) @ audio
    correlation = np.corrcoef(turned)[np.triu_indices(3, 1)]
    assert np.abs(np.corrcoef(audio)[np.triu_indices(3, 1)]).min() > 0.3 > 0.01 > np.abs(correlation).max()


def test_the_fit_does_not_depend_on_how_the_sound_is_read() -> None:
    aside = np.array([[LEFT], [RIGHT]], np.float32) * hiss(2, shared=0.5)
    audio = hiss(2, shared=0.0, low=200.0, high=3000.0) + aside
    assert fit(audio).coherence_step > 0 and fit(audio) == fit(audio, 7) == fit(audio, 1000)


@pytest.mark.parametrize("value", [0.0, np.float32(3e38)])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_silence_and_overflow_are_left_alone(channels: int, value: float) -> None:
    angles, coherence_step = fit(np.full((channels, 5000), value, np.float32))
    assert np.isfinite(rotation(angles, channels)).all() and coherence_step == 0


@pytest.mark.parametrize("border", [BORDER, 0.0], ids=["noise", "no noise"])
@pytest.mark.parametrize("gain", [0.0, 0.01])
@pytest.mark.parametrize("low", [200.0, 6000.0])
def test_a_silent_channel_stays_silent(low: float, gain: float, border: float) -> None:
    """Also where nothing above the border tells that it is: as middle and side it would sound like the other one."""
    audio = np.array([[1.0], [gain]], np.float32) * hiss(2, shared=0.0, low=low, high=low + 2800.0)
    assert fit_channels(lambda: [audio], 2, RATE, border).angles == (0,)


def header_of(path: Path) -> Header:
    with path.open("rb") as file:
        return PacketReader(file, path.name).header


def test_hiss_at_the_left_comes_back_at_the_left(tmp_path: Path) -> None:
    tones = hiss(2, shared=0.0, low=200.0, high=3000.0)
    audio = tones + np.array([[LEFT], [RIGHT]], np.float32) * hiss(2, shared=1.0, low=8000.0)
    codec.compress((audio, RATE), tmp_path / "a.aur", model="music", kbps=24)
    codec.decompress(tmp_path / "a.aur", tmp_path / "a.wav")
    decoded = soundfile.read(tmp_path / "a.wav", dtype="float32")[0].T
    spectra = np.fft.rfft(decoded)[:, (8000 * 2) : (16000 * 2)]
    left, right = np.linalg.norm(spectra, axis=1)
    assert 20 * np.log10(left / right) == pytest.approx(20 * np.log10(LEFT / RIGHT), abs=1.5)
    assert (spectra[0] * spectra[1].conj()).real.sum() / (left * right) > 0.8
    assert header_of(tmp_path / "a.aur").coherence > 0.9


@pytest.mark.parametrize(("packet_seconds", "angles"), [(0.1, MID_SIDE), (4.0, (0,))])
def test_stereo_in_short_packets_is_not_waited_for(
    packet_seconds: float, angles: tuple[int, ...], tmp_path: Path
) -> None:
    options = CompressOptions(packet_seconds=packet_seconds)
    aside = np.array([[LEFT], [RIGHT]], np.float32) * hiss(2, shared=0.0)
    codec.compress((aside, RATE), tmp_path / "a.aur", model="music", quality=1, options=options)
    assert header_of(tmp_path / "a.aur").angles == angles
