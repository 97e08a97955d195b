"""Settings for bitrates."""

import numpy as np
import pytest

from auricle.bench import Clip, EncodedSound, SettingRange
from auricle.bench.scoring.rate_search import SettingSearch
from bench.bench_codecs import Broken, Greedy, Jumpy, Scale, Steps
from bench.bench_sounds import babble


def clip(channels: int = 1, seconds: float = 1.0) -> Clip:
    return Clip(f"{channels} channels", babble(seconds, 16000, channels=channels), 16000)


def test_the_setting_is_corrected_by_what_was_stored():
    setting = SettingSearch(Greedy(), [clip()]).find(14.0)
    assert setting.value == pytest.approx(10.0, rel=0.02)
    assert setting.kbps == pytest.approx(14.0, rel=0.02)
    assert setting.in_reach


@pytest.mark.parametrize(("asked", "value", "reached"), [(2.0, 5.0, 7.0), (500.0, 100.0, 140.0)])
def test_out_of_reach(asked: float, value: float, reached: float):
    setting = SettingSearch(Greedy(), [clip()]).find(asked)
    assert (setting.value, setting.in_reach) == (value, False)
    assert setting.kbps == pytest.approx(reached)


def test_a_codec_that_jumps_from_mode_to_mode_is_set_to_the_side_that_is_nearer():
    setting = SettingSearch(Jumpy(), [clip()]).find(24.0)
    assert setting.kbps == pytest.approx(24.7, rel=0.02)
    assert setting.value == pytest.approx(19.0, rel=0.02)


def test_the_setting_suits_all_clips_and_not_the_first_ones_alone():
    class Louder(Greedy):
        """Takes twice as many bits for what is loud."""

        def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
            return super().encode(audio, sample_rate, setting * (2 if np.abs(audio).max() > 0.5 else 1))

    quiet = [Clip(f"quiet {n}", np.full((1, 16000 * 30), 0.1, np.float32), 16000) for n in range(8)]
    loud = [Clip(f"loud {n}", np.full((1, 16000 * 30), 0.9, np.float32), 16000) for n in range(8)]
    assert SettingSearch(Louder(), [*quiet, *loud]).find(21.0).value == pytest.approx(10.0, rel=0.02)


@pytest.mark.parametrize(("asked", "value"), [(10.0, 0.0), (15.0, 2.5), (23.0, 6.5), (30.0, 10.0)])
def test_a_scale_that_is_no_bitrate(asked: float, value: float):
    setting = SettingSearch(Scale(), [clip()]).find(asked)
    assert setting.in_reach
    assert setting.value == pytest.approx(value, abs=0.35)


@pytest.mark.parametrize(("asked", "reached"), [(2.0, 10.0), (90.0, 30.0)])
def test_the_ends_of_a_scale(asked: float, reached: float):
    setting = SettingSearch(Scale(), [clip()]).find(asked)
    assert not setting.in_reach
    assert setting.kbps == pytest.approx(reached, rel=0.01)


@pytest.mark.parametrize(
    ("channels", "asked", "value", "in_reach"), [(1, 3.0, 3.2, True), (1, 1.5, 3.2, False), (2, 12.0, 6.0, True)]
)
def test_a_few_settings_are_of_each_channel(channels: int, asked: float, value: float, in_reach: bool):
    setting = SettingSearch(Steps(), [clip(channels)]).find(asked)
    assert (setting.value, setting.in_reach) == (value, in_reach)


@pytest.mark.parametrize("codec", [Broken(), Greedy()])
def test_nothing_can_be_coded(codec: Greedy):
    setting = SettingSearch(codec, [clip(2)]).find(14.0)
    assert (setting.value, setting.kbps, setting.in_reach) == (14.0, None, True)


def test_the_ends_of_a_dial():
    assert [SettingRange(5.0, 9.0).clamp(value) for value in (1.0, 6.0, 10.0)] == [5.0, 6.0, 9.0]
