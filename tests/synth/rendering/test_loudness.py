"""Loudness beside the signals of EBU Tech 3341 (2016), whose loudness is known to 0.1 LU."""

import numpy as np
import pytest

from auricle.synth.rendering.loudness import LoudnessMeter, integrated_loudness

RATE = 48_000


def tone(*parts: tuple[float, float], channels: int = 2, rate: int = RATE) -> np.ndarray:
    """A tone of 1 kHz at levels in dBFS, each for some seconds."""
    levels = np.concatenate([np.full(round(seconds * rate), 10 ** (level / 20)) for level, seconds in parts])
    wave = levels * np.sin(2 * np.pi * 1000 * np.arange(len(levels)) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1))


@pytest.mark.parametrize(
    ("parts", "lufs"),
    [
        ([(-23, 20)], -23.0),  # case 1
        ([(-33, 20)], -33.0),  # case 2
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),  # case 3: the quiet ends are gated
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),  # case 4
    ],
)
def test_signals_of_the_standard(parts: list[tuple[float, float]], lufs: float):
    assert integrated_loudness(tone(*parts), RATE) == pytest.approx(lufs, abs=0.1)


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 96_000, 192_000])
def test_other_rates_and_one_channel(rate: int):
    assert integrated_loudness(tone((-23, 5), channels=1, rate=rate), rate) == pytest.approx(-26.0, abs=0.2)


def test_blocks_make_no_difference():
    sound = tone((-20, 1.3), (-50, 0.2), (-10, 0.4))
    meter = LoudnessMeter(RATE, 2)
    for start in range(0, sound.shape[1], 777):
        assert meter.add(sound[:, start : start + 777]).base is not None  # what goes in comes out
    assert meter.loudness() == pytest.approx(integrated_loudness(sound, RATE), abs=1e-3)


def test_a_short_sound_is_measured_as_if_silence_followed():
    short = tone((-10, 0.1))
    padded = np.pad(short, ((0, 0), (0, RATE)))[:, : round(0.4 * RATE) + 1]
    assert integrated_loudness(short, RATE) == integrated_loudness(padded, RATE)
    assert integrated_loudness(short, RATE) == pytest.approx(-16.0, abs=0.5)  # a quarter of the block


@pytest.mark.parametrize("sound", [np.zeros((2, RATE)), np.zeros((1, 0)), tone((-90, 1)), tone((-20, 1), channels=6)])
def test_what_has_no_loudness(sound: np.ndarray):
    assert integrated_loudness(sound.astype(np.float32), RATE) is None
