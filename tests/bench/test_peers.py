import os
from pathlib import Path

import numpy as np
import pytest

from auricle.bench import Decoded, Lyra, Opus
from auricle.bench.peer import same_place
from auricle.errors import AudioError, OptionError
from auricle.metrics import find_lag, si_sdr
from bench.bench_sounds import babble

needs_opus = pytest.mark.skipif(Opus().available() is not None, reason=str(Opus().available()))


def test_bitrate_of_what_came_back():
    decoded = Decoded.of(np.zeros((2, 16000), np.float32), 8000, 1000)
    assert decoded.bytes == 1000
    assert decoded.kbps == pytest.approx(4.0)


def test_delay_is_taken_out():
    sound = babble(1.0, 16000, channels=2)
    late = np.pad(sound, ((0, 0), (123, 0)))
    back = same_place(sound, late, 16000)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, sound)


@needs_opus
@pytest.mark.parametrize(("rate", "channels", "kbps"), [(16000, 1, 12.0), (44100, 2, 64.0), (8000, 1, 8.0)])
def test_opus_gives_back_rate_length_and_place(rate: int, channels: int, kbps: float):
    sound = babble(2.013, rate, channels=channels)
    decoded = Opus().code(sound, rate, kbps)
    assert decoded.audio.shape == sound.shape
    assert decoded.audio.dtype == np.float32
    assert find_lag(sound, decoded.audio, 200) == 0
    assert si_sdr(sound, decoded.audio) > 3.0
    assert 0.5 * kbps < decoded.kbps < 1.5 * kbps
    assert decoded.kbps == pytest.approx(decoded.bytes * 8 * rate / sound.shape[1] / 1000)


@needs_opus
def test_opus_gets_better_with_bits():
    sound = babble(2.0, 16000)
    few, many = (Opus("voip").code(sound, 16000, kbps) for kbps in (8.0, 32.0))
    assert many.bytes > 2 * few.bytes
    assert si_sdr(sound, many.audio) > si_sdr(sound, few.audio) + 3.0


@needs_opus
def test_opus_of_a_single_sample():
    assert Opus().code(np.full((1, 1), 0.5, np.float32), 16000, 12.0).audio.shape == (1, 1)


def test_opus_keeps_to_the_bitrates_that_it_has():
    assert [Opus().nearest(kbps) for kbps in (1.0, 7.3, 900.0)] == [6.0, 7.3, 256.0]


@pytest.mark.parametrize("shape", [(1, 0), (3, 100), (100,)])
def test_opus_refuses(shape: tuple[int, ...]):
    with pytest.raises(AudioError, match="opus"):
        Opus().code(np.zeros(shape, np.float32), 16000, 12.0)


def test_lyra_says_what_is_missing(tmp_path: Path):
    reason = Lyra(tmp_path).available()
    assert reason is not None
    assert "\n" not in reason
    assert "ai-edge-litert" in reason or "quantizer.tflite" in reason


def test_lyra_has_three_bitrates(tmp_path: Path):
    lyra = Lyra(tmp_path)
    assert lyra.bitrates == (3.2, 6.0, 9.2)
    assert [lyra.nearest(kbps) for kbps in (1.0, 7.0, 40.0)] == [3.2, 6.0, 9.2]
    with pytest.raises(OptionError, match=r"4 kb/s: choose one of 3\.2, 6, 9\.2"):
        lyra.code(babble(0.1, 16000), 16000, 4.0)


def test_lyra_codes():
    folder = os.environ.get("AURICLE_LYRA")
    if folder is None:
        pytest.skip("AURICLE_LYRA does not name a folder with Lyra's model files")
    lyra = Lyra(folder)
    assert lyra.available() is None
    sound = babble(1.01, 22050, channels=2)
    decoded = lyra.code(sound, 22050, 6.0)
    assert decoded.audio.shape == sound.shape
    assert decoded.bytes == 2 * 51 * 15
    again = lyra.code(sound, 22050, 6.0)
    np.testing.assert_array_equal(again.audio, decoded.audio)
