"""Other codecs, as far as they are installed."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from auricle.bench import AssetPaths, DecodedSound, NetworkCost, codec_names, make_codec
from auricle.bench.codecs import registry
from auricle.bench.codecs._tokens import pack_bits, unpack_bits
from auricle.bench.codecs.base import Codec, next_supported_rate, remove_delay
from auricle.errors import AudioError, OptionError
from auricle.metrics import find_delay, find_lag, si_sdr
from bench.bench_sounds import babble

FILES = ("opus", "opus-voip", "opus-60ms", "mp3", "vorbis")


def installed(name: str) -> Codec:
    made = make_codec(name)
    reason = made.missing()
    if reason:
        pytest.skip(f"{name}: {reason}")
    return made


def test_every_module_of_the_folder_is_found():
    folder = Path(str(__import__("auricle.bench.codecs", fromlist=["x"]).__file__)).parent
    modules = {path.stem for path in folder.glob("[a-z]*.py")} - {"auricle", "base"}
    assert {maker.__module__.rpartition(".")[2] for maker in registry().values()} == modules
    assert {"opus", "opus-nolace", "mp3", "vorbis", "lyra", "encodec", "dac", "mimi"} <= set(codec_names())


@pytest.mark.parametrize("name", codec_names())
def test_every_peer_has_its_name_and_says_what_is_missing(name: str):
    made = make_codec(name, AssetPaths())
    assert made.name == name
    reason = made.missing()
    assert reason is None or (reason and "\n" not in reason)
    dial = made.setting_range
    assert dial.low < dial.high
    assert made.setting_text(dial.low) != made.setting_text(dial.high)


def test_an_unknown_name():
    with pytest.raises(OptionError, match=r"no codec is called 'opsu': choose from .*opus"):
        make_codec("opsu")


def test_bitrate_of_what_came_back():
    back = DecodedSound.of(np.zeros((2, 16000), np.float32), 8000, 1000)
    assert back.bytes == 1000
    assert back.kbps == pytest.approx(4.0)


def test_delay_is_taken_out():
    sound = babble(1.0, 16000, channels=2)
    late = np.pad(sound, ((0, 0), (123, 0)))
    back = remove_delay(sound, late, 16000)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, sound)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "setting"),
    [
        ("opus", 16000, 1, 12.0),
        ("opus", 44100, 2, 64.0),
        ("opus-60ms", 8000, 1, 8.0),
        ("mp3", 16000, 1, 24.0),
        ("mp3", 44100, 2, 96.0),
        ("mp3", 22050, 1, 12.0),
        ("vorbis", 16000, 1, 5.0),
        ("vorbis", 44100, 2, 3.0),
    ],
)
def test_rate_length_and_place_come_back(name: str, rate: int, channels: int, setting: float):
    codec = installed(name)
    sound = babble(2.013, rate, channels=channels)
    back = codec.roundtrip(sound, rate, setting)
    assert back.audio.shape == sound.shape
    assert back.audio.dtype == np.float32
    assert find_lag(sound, back.audio, 200) == 0
    assert abs(find_delay(sound, back.audio, 200)) < 0.1
    assert si_sdr(sound, back.audio) > 3.0
    assert back.kbps == pytest.approx(back.bytes * 8 * rate / sound.shape[1] / 1000)
    assert back.payload is not None and 0.3 * back.bytes < back.payload < back.bytes


@pytest.mark.parametrize(("name", "few", "many"), [("opus-voip", 8, 32), ("mp3", 16, 48), ("vorbis", 0, 9)])
def test_more_bits_are_better(name: str, few: float, many: float):
    codec = installed(name)
    sound = babble(2.0, 16000)
    worse, better = (codec.roundtrip(sound, 16000, setting) for setting in (few, many))
    assert better.bytes > 1.5 * worse.bytes
    assert si_sdr(sound, better.audio) > si_sdr(sound, worse.audio) + 3.0


@pytest.mark.parametrize("name", FILES)
def test_a_single_sample(name: str):
    codec = installed(name)
    assert codec.roundtrip(np.full((1, 1), 0.5, np.float32), 16000, codec.setting_range.clamp(12.0)).audio.shape == (
        1,
        1,
    )


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("shape", [(1, 0), (3, 100), (100,)])
def test_what_is_refused(name: str, shape: tuple[int, ...]):
    with pytest.raises(AudioError, match=name):
        make_codec(name).encode(np.zeros(shape, np.float32), 16000, 12.0)


def test_the_next_supported_rate():
    assert [next_supported_rate(rate, (8000, 16000)) for rate in (4000, 8000, 8001, 44100)] == [
        8000,
        8000,
        16000,
        16000,
    ]


def test_bits():
    codes = np.random.default_rng(0).integers(0, 1024, (2, 3, 7))
    data = pack_bits(codes, 10)
    assert len(data) == -(-42 * 10 // 8)
    np.testing.assert_array_equal(unpack_bits(data, 10, 42).reshape(2, 3, 7), codes)
    assert pack_bits(np.array([1, 2, 15]), 4) == bytes([0x12, 0xF0])


def test_enhanced_opus_says_what_is_missing(tmp_path: Path):
    installed("opus")
    if shutil.which("node") is None:
        pytest.skip("needs node")
    for name in ("opus-lace", "opus-nolace"):
        reasons = [str(make_codec(name, AssetPaths(opus_ml=folder)).missing()) for folder in (None, tmp_path)]
        assert all("npm install" in reason and "--opus-ml DIR" in reason for reason in reasons)


def test_networks_enhance_a_voice():
    installed("opus-voip")
    folder = os.environ.get("AURICLE_OPUS_ML")
    if folder is None:
        pytest.skip("AURICLE_OPUS_ML does not name a folder with npm's @wasm-audio-decoders/opus-ml")
    sound = babble(1.0, 16000, channels=2)
    plain, lace, nolace = (
        make_codec(name, AssetPaths(opus_ml=Path(folder))).roundtrip(sound, 16000, 16.0)
        for name in ("opus-voip", "opus-lace", "opus-nolace")
    )
    assert plain.bytes == lace.bytes == nolace.bytes
    assert not np.array_equal(lace.audio, nolace.audio)
    for enhanced in (lace, nolace):
        assert enhanced.audio.shape == sound.shape
        assert si_sdr(plain.audio[0], enhanced.audio[0]) > 3.0


def test_lyra_says_what_is_missing(tmp_path: Path):
    reasons = [str(make_codec("lyra", AssetPaths(lyra=folder)).missing()) for folder in (None, tmp_path)]
    if "ai-edge-litert" in reasons[0]:
        pytest.skip("ai-edge-litert is not installed")
    assert "--lyra DIR" in reasons[0]
    assert "quantizer.tflite" in reasons[1]


def test_lyra_has_three_bitrates(tmp_path: Path):
    lyra = make_codec("lyra", AssetPaths(lyra=tmp_path))
    assert lyra.setting_range.steps == (3.2, 6.0, 9.2)
    with pytest.raises(OptionError, match=r"4 kb/s: choose one of 3\.2, 6, 9\.2"):
        lyra.encode(babble(0.1, 16000), 16000, 4.0)


def test_lyra_codes():
    folder = os.environ.get("AURICLE_LYRA")
    if folder is None:
        pytest.skip("AURICLE_LYRA does not name a folder with Lyra's model files")
    lyra = make_codec("lyra", AssetPaths(lyra=Path(folder)))
    assert lyra.missing() is None
    sound = babble(1.01, 22050, channels=2)
    back = lyra.roundtrip(sound, 22050, 6.0)
    assert back.audio.shape == sound.shape
    assert (back.bytes, back.payload) == (2 * 51 * 15, None)
    again = lyra.roundtrip(sound, 22050, 6.0)
    np.testing.assert_array_equal(again.audio, back.audio)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "setting", "parameters"), [("encodec", 6.0, 14.8e6), ("mimi", 1.1, 79e6), ("dac", 2.584, 76e6)]
)
def test_neural_peers(name: str, setting: float, parameters: float):
    codec = installed(name)
    assert codec.not_scored() is None or "random weights" in codec.not_scored()  # type: ignore[operator]
    sound = babble(0.4, 16000, channels=2)
    back = codec.roundtrip(sound, 16000, setting)
    assert back.audio.shape == sound.shape
    assert back.kbps == pytest.approx(2 * setting, rel=0.1)
    network = codec.network_cost()
    assert isinstance(network, NetworkCost)
    assert network.parameters == pytest.approx(parameters, rel=0.05)
    assert network.macs_per_second is not None and network.macs_per_second > 1e8
