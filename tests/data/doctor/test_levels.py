"""How loud, clipped, silent and shifted a sound is."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.data.doctor.levels import LevelMeter, Levels

RATE = 8000


def measured(sound: np.ndarray, cuts: list[int] | None = None) -> Levels:
    meter = LevelMeter(RATE, len(sound))
    for block in np.split(sound.astype(np.float32), sorted(cuts or []), axis=1):
        meter.push(block)
    return meter.finish()


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 3000), max_size=6))
def test_blocks_do_not_matter(cuts: list[int]) -> None:
    sound = np.random.default_rng(0).normal(0.01, 0.6, (2, 3000)).clip(-1, 1)
    sound[:, 1000:2000] = 0
    expected, pieces = measured(sound), measured(sound, cuts)
    assert (pieces.frames, pieces.peak, pieces.clipped) == (expected.frames, expected.peak, expected.clipped)
    for name in ("level", "silent", "offset"):
        assert getattr(pieces, name) == pytest.approx(getattr(expected, name), rel=1e-5)


def test_figures() -> None:
    sound = np.zeros((1, 8000))
    sound[0, :4000] = np.sin(np.arange(4000) * 2 * np.pi / 80) * 0.5
    levels = measured(sound)
    assert levels.level == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.01)
    assert levels.silent == 0.5 and levels.peak == pytest.approx(0.5) and levels.clipped == 0
    assert levels.offset == pytest.approx(0, abs=1e-6) and levels.frames == 8000
    assert measured(sound + 0.25).offset == pytest.approx(0.25)


def test_silence() -> None:
    levels = measured(np.full((2, 1001), 1e-4))
    assert levels.level == -math.inf and levels.silent == 1.0


@pytest.mark.parametrize(("run", "clipped_samples"), [(1, 0), (2, 0), (3, 1), (10, 8)])
@pytest.mark.parametrize("value", [1.0, -1.0])
def test_runs_at_full_scale(run: int, clipped_samples: int, value: float) -> None:
    sound = np.full((1, 1000), 0.1)
    sound[0, 495 : 495 + run] = value
    assert measured(sound, [500]).clipped * 1000 == pytest.approx(clipped_samples)


def test_a_channel_each() -> None:
    sound = np.full((2, 1000), 0.1)
    sound[0, 500], sound[1, 501], sound[0, 502] = 1, 1, 1
    assert measured(sound).clipped == 0
