"""Level of the highest band."""

import numpy as np
import pytest

from auricle.errors import AudioError
from auricle.metrics import high_band

TIME = np.arange(16_000) / 16_000
LOW, HIGH = 0.3 * np.sin(2 * np.pi * 500 * TIME), 0.05 * np.sin(2 * np.pi * 7000 * TIME)


@pytest.mark.parametrize("gain", [1.0, 0.5, 2.0])
def test_the_gain_above_six_kilohertz(gain: float) -> None:
    assert high_band(LOW + HIGH, LOW + gain * HIGH, 16_000) == pytest.approx(20 * np.log10(gain), abs=0.02)


def test_what_lies_below_does_not_count() -> None:
    assert high_band(LOW + HIGH, 0.1 * LOW + HIGH, 16_000) == pytest.approx(0.0, abs=0.05)


def test_limits() -> None:
    assert high_band(LOW + HIGH, np.zeros(16_000), 16_000) == -60.0
    with pytest.raises(AudioError, match="nothing above 6000 Hz"):
        high_band(np.zeros(16_000), HIGH, 16_000)
    with pytest.raises(AudioError, match="sound of 8000 Hz"):
        high_band(LOW, LOW, 8000)
