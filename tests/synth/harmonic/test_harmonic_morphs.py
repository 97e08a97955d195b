"""Morphs that have one pitch."""

from pathlib import Path

import numpy as np
import pytest

from auricle import MorphOptions, morph, read
from auricle.errors import AudioError, OptionError
from auricle.synth.harmonic.analysis import analyse
from auricle.synth.harmonic.pitch import track_pitch
from synth.synth_sounds import wav

pytest.importorskip("swift_f0", reason="swift-f0 tracks pitch: pip install 'auricle[synth]'")
RATE = 16000
E4, B4 = 329.63, 493.88


def note(hertz: float, seconds: float, *, partials: int = 8, vibrato: float = 0.0, level: float = 0.2) -> np.ndarray:
    """A tone with partials that get weaker, which fades in and out."""
    time = np.arange(round(seconds * RATE)) / RATE
    cycles = np.cumsum(hertz * 2 ** (vibrato * np.sin(2 * np.pi * 5 * time) / 1200)) / RATE
    sound = sum(np.sin(2 * np.pi * k * cycles + k) / k for k in range(1, partials + 1))
    edges = np.minimum(1, np.minimum(time, time[::-1]) / 0.02)
    return (level * edges * sound)[None].astype(np.float32)


def noise(seconds: float, *, level: float = 0.1, seed: int = 0) -> np.ndarray:
    return level * np.random.default_rng(seed).normal(0, 1, (1, round(seconds * RATE))).astype(np.float32)


def morphed(first: np.ndarray, second: np.ndarray, count: int = 5) -> list[np.ndarray]:
    output = morph((first, RATE), (second, RATE), MorphOptions(count))
    assert all(sound.audio is not None for sound in output.sounds)
    return [sound.audio for sound in output.sounds if sound.audio is not None]


def decibels(power: float) -> float:
    return 10 * np.log10(power)


def tones(audio: np.ndarray) -> np.ndarray:
    """Frequencies of the spectral peaks within 30 dB of the highest, below 800 Hz."""
    middle = audio[0, len(audio[0]) // 4 : -len(audio[0]) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.blackman(len(middle)), 1 << 17))
    hertz = np.fft.rfftfreq(1 << 17, 1 / RATE)
    inner = spectrum[1:-1]
    peaks = (inner > spectrum[:-2]) & (inner > spectrum[2:]) & (inner > spectrum.max() / 31.6) & (hertz[1:-1] < 800)
    return hertz[1:-1][peaks]


def test_e4_to_b4_has_one_fundamental_that_moves_evenly():
    sounds = morphed(note(E4, 1.0), note(B4, 1.2, partials=4))
    fundamentals = []
    for index, sound in enumerate(sounds):
        below = tones(sound)
        below = below[below < 1.5 * E4 * (B4 / E4) ** (index / 4)]
        assert len(below) == 1, below
        fundamentals.append(float(below[0]))
    cents = 1200 * np.log2(np.array(fundamentals) / E4)
    assert np.abs(cents - np.linspace(0, 1200 * np.log2(B4 / E4), 5)).max() < 3
    assert [sound.shape[1] for sound in sounds] == [16000, 16800, 17600, 18400, 19200]


def test_levels_do_not_flutter():
    middle = morphed(note(E4, 1.5, vibrato=20), note(B4, 1.5))[2][0]
    blocks = middle[3200:-3200].reshape(-1, 320)
    levels = 10 * np.log10(np.square(blocks).mean(axis=1))
    assert levels.std() < 0.5


def test_the_ends_are_the_sounds_themselves():
    first, second = note(220, 1.0, vibrato=30) + noise(1.0, level=0.01), note(330, 0.8, level=0.05)
    sounds = morphed(first, second, 3)
    for original, end in ((first, sounds[0]), (second, sounds[2])):
        error = np.square(original - end)[:, 160:-160].mean() / np.square(original).mean()
        assert decibels(error) < -35


def test_sounds_without_pitch_morph_by_envelope_and_level():
    low = noise(1.0)
    low = np.cumsum(low - low.mean(), axis=1).astype(np.float32)  # brown
    low *= 0.02 / np.sqrt(np.square(low).mean())
    sounds = morphed(low, noise(1.0, level=0.2, seed=1))
    levels = [decibels(float(np.square(sound).mean())) for sound in sounds]
    assert np.allclose(np.diff(levels), 5.0, atol=0.3)
    spectra = [np.abs(np.fft.rfft(sound[0])) for sound in sounds]
    tilts = [decibels(s[4000:6000].mean() / s[200:400].mean()) for s in spectra]
    assert np.all(np.diff(tilts) > 0.5), tilts
    assert np.diff(tilts).max() < 0.6 * (tilts[4] - tilts[0])  # not one, then suddenly the other


def test_what_happens_at_other_times_meets():
    first, second = np.zeros((1, RATE), np.float32), np.zeros((1, RATE), np.float32)
    first[:, 3200:6400], second[:, 9600:12800] = note(300, 0.2), note(400, 0.2)
    middle = morphed(first, second, 3)[1]
    energy = np.square(middle[0]).reshape(-1, 800).sum(axis=1)
    assert energy[8:12].sum() > 0.9 * energy.sum()


def test_a_morph_within_one_sound_glides(tmp_path: Path):
    paths = wav(tmp_path / "a.wav", note(E4, 1.0), RATE), wav(tmp_path / "b.wav", note(B4, 1.0), RATE)
    output = morph(*paths, MorphOptions(within=True), out=tmp_path / "glide.wav")
    audio = read(tmp_path / "glide.wav")[0]
    contour = track_pitch(audio[0], RATE)
    assert output.sounds[0].share is None and abs(audio.shape[1] - 16000) <= 320
    quarter, three = contour.hertz[50], contour.hertz[150]
    assert quarter == pytest.approx(E4 * (B4 / E4) ** 0.25, rel=0.01)
    assert three == pytest.approx(E4 * (B4 / E4) ** 0.75, rel=0.01)


def test_two_channels_and_other_rates():
    first = np.concatenate((note(E4, 0.6), 0.5 * note(E4, 0.6)))
    time = np.arange(22050) / 44100
    second = 0.2 * np.sin(2 * np.pi * B4 * time)[None].astype(np.float32)
    output = morph((first, RATE), (second, 44100), MorphOptions(3))
    middle = output.sounds[1].audio
    assert (output.sample_rate, output.channels) == (44100, 2) and middle is not None and middle.shape[0] == 2
    assert track_pitch(middle.mean(axis=0), 44100).median() == pytest.approx((E4 * B4) ** 0.5, rel=0.003)


def test_stiff_strings_are_heard_as_one_tone():
    time = np.arange(RATE) / RATE
    ratios = [k * np.sqrt(1 + 5e-4 * k * k) for k in range(1, 13)]
    string = (0.1 * sum(np.sin(2 * np.pi * 200 * ratio * time) for ratio in ratios) * np.exp(-2 * time))[None]
    parts = analyse(string.astype(np.float32), RATE)
    left = np.square(parts.residual[:, 800:]).sum() / np.square(string[:, 800:]).sum()
    assert decibels(float(left)) < -20
    assert parts.ratios[:12] == pytest.approx(np.array(ratios) / ratios[0], rel=0.003)


@pytest.mark.parametrize(
    ("kind", "message", "second"),
    [
        (AudioError, "is silent: there is nothing to morph", np.zeros((1, RATE), np.float32)),
        (OptionError, "lasts 121 s", None),
    ],
)
def test_bad_sounds_are_refused(kind: type[Exception], message: str, second: np.ndarray | None):
    sound = np.tile(note(300, 1.0), 121) if second is None else second
    with pytest.raises(kind, match=message):
        morph((note(300, 0.5), RATE), (sound, RATE), MorphOptions(3))
    with pytest.raises(OptionError, match="needs no model"):
        morph((note(300, 0.5), RATE), (sound, RATE), MorphOptions(3), model="speech")
