"""ViSQOL."""

import sys

import numpy as np
import pytest

from auricle.errors import AudioError, MissingPackageError
from auricle.metrics import visqol
from auricle.metrics.perceptual import _judge
from metrics.test_conformance import coarse, speech

RATE = 16_000


class TestVisqol:
    @pytest.fixture(autouse=True)
    def _package(self) -> None:
        pytest.importorskip("visqol")
        pytest.importorskip("ai_edge_litert")

    def test_worse_is_lower_and_the_scale_is_that_of_opinions(self) -> None:
        signal = speech(2.0)
        noisy = signal + 0.05 * np.random.default_rng(0).standard_normal(signal.size).astype(np.float32)
        scores = [visqol(signal, other, RATE, speech=True) for other in (signal, coarse(signal), noisy)]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] > 4.5 and 1.0 <= scores[2] < 2.0

    def test_rates_and_channels(self) -> None:
        stereo = np.stack([speech(1.2, 44_100)] * 2)
        assert visqol(stereo, stereo, 44_100, speech=True) > 4.5

    def test_what_it_can_not_score(self) -> None:
        with pytest.raises(AudioError, match=r"can't score 0\.500 s: give a second or more"):
            visqol(speech(0.5), speech(0.5), RATE, speech=True)
        with pytest.raises(AudioError, match="silent reference"):
            visqol(np.zeros(2 * RATE), speech(2.0), RATE, speech=True)
        with pytest.raises(AudioError, match="align or trim"):
            visqol(speech(2.0), speech(1.5), RATE, speech=True)

    @pytest.mark.parametrize("mode", [True, False])
    def test_silence_that_came_back_is_bad_or_refused(self, mode: bool) -> None:
        try:
            assert visqol(speech(2.0), np.zeros(2 * RATE), RATE, speech=mode) < 2.5
        except AudioError as error:
            assert "ViSQOL" in str(error)


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    _judge.cache_clear()
    monkeypatch.setitem(sys.modules, "visqol.api", None)
    with pytest.raises(MissingPackageError, match="pip install 'auricle"):
        visqol(speech(2.0), speech(2.0), RATE, speech=True)
