"""Reading whole files and blocks, in every format."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle import audio
from auricle.errors import AudioError, OptionError

LOSSLESS = ["wav", "flac", "aiff", "au", "caf", "w64", "rf64"]
LOSSY = ["ogg", "opus", "mp3"]


def noise(frames: int, channels: int, seed: int = 0) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).standard_normal((channels, frames)).astype(np.float32)


def store(path: Path, sound: np.ndarray, rate: int = 48000) -> Path:
    if path.suffix == ".opus":
        soundfile.write(path, sound.T, rate, format="OGG", subtype="OPUS")
    else:
        soundfile.write(path, sound.T, rate)
    return path


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_lossless_formats_come_back(tmp_path: Path, suffix: str, channels: int) -> None:
    sound = noise(5000, channels)
    path = store(tmp_path / f"a.{suffix}", sound)
    samples, rate = audio.read(path)
    assert rate == 48000 and samples.dtype == np.float32 and samples.flags.c_contiguous
    np.testing.assert_allclose(samples, sound, atol=2**-15)
    info = audio.info(path)
    assert (info.sample_rate, info.channels, info.frames, info.exact) == (48000, channels, 5000, True)
    assert info.path == path and info.seconds == 5000 / 48000


@pytest.mark.parametrize("suffix", LOSSY)
def test_lossy_formats_come_back_near(tmp_path: Path, suffix: str) -> None:
    time = np.arange(48000) / 48000
    sound = np.stack([0.5 * np.sin(2 * np.pi * 440 * time), 0.3 * np.sin(2 * np.pi * 660 * time)]).astype("f4")
    samples, rate = audio.read(store(tmp_path / f"a.{suffix}", sound))
    assert rate == 48000 and samples.shape == sound.shape
    middle = slice(4000, 44000)
    assert np.abs(samples - sound)[:, middle].max() < 0.05


@pytest.mark.parametrize("suffix", [*LOSSLESS, *LOSSY])
@pytest.mark.parametrize("size", [1000, 4096, 65536])
def test_blocks_are_the_whole(tmp_path: Path, suffix: str, size: int) -> None:
    path = store(tmp_path / f"a.{suffix}", noise(50_001, 2))
    complete, _ = audio.read(path)
    with audio.AudioReader(path) as reader:
        assert (reader.sample_rate, reader.channels, reader.frames) == (48000, 2, 50_001)
        blocks = list(reader.blocks(size))
    assert all(block.shape == (2, size) for block in blocks[:-1]) and 0 < blocks[-1].shape[1] <= size
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), complete)


@settings(max_examples=25, deadline=None)
@given(frames=st.integers(0, 3000), size=st.integers(1, 4000), channels=st.integers(1, 8), seed=st.integers(0, 99))
def test_any_length_and_block_size(
    tmp_path_factory: pytest.TempPathFactory, frames: int, size: int, channels: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.wav"
    sound = noise(frames, channels, seed)
    soundfile.write(path, sound.T, 8000, subtype="FLOAT")
    with audio.AudioReader(path) as reader:
        blocks = list(reader.blocks(size))
    assert sum(block.shape[1] for block in blocks) == frames
    np.testing.assert_array_equal(np.concatenate([np.zeros((channels, 0), "f4"), *blocks], axis=1), sound)


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg"])
def test_no_samples_is_legal(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "aiff":
        soundfile.write(path, np.zeros((0, 2)), 44100)
    else:
        audio.AudioWriter(path, 44100, 2).close()
    samples, rate = audio.read(path)
    assert samples.shape == (2, 0) and rate == 44100
    with audio.AudioReader(path) as reader:
        assert reader.frames == 0 and list(reader.blocks(100)) == []


def test_samples_beyond_full_scale_are_kept(tmp_path: Path) -> None:
    sound = np.array([[0.0, 1.5, -2.0]], "f4")
    soundfile.write(tmp_path / "a.wav", sound.T, 16000, subtype="FLOAT")
    np.testing.assert_array_equal(audio.read(tmp_path / "a.wav")[0], sound)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM"])
def test_other_sample_formats(tmp_path: Path, subtype: str) -> None:
    sound = np.full((1, 4000), 0.25, "f4")
    soundfile.write(tmp_path / "a.wav", sound.T, 16000, subtype=subtype)
    samples, _ = audio.read(tmp_path / "a.wav")
    np.testing.assert_allclose(samples[:, 500:4000], sound[:, 500:], atol=0.02)


@pytest.mark.parametrize("rate", [8000, 192000])
def test_extreme_rates(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(10), rate)
    assert audio.read(str(tmp_path / "a.wav"))[1] == rate


def test_a_length_left_open_by_a_pipe(tmp_path: Path) -> None:
    path = store(tmp_path / "a.wav", noise(1000, 1))
    data = bytearray(path.read_bytes())
    for size in (0xFFFF_FFFF, 0x7FFF_F000):
        data[4:8] = data[40:44] = size.to_bytes(4, "little")
        path.write_bytes(data)
        assert audio.read(path)[0].shape == (1, 1000)


def test_chunks_after_the_samples_are_no_damage(tmp_path: Path) -> None:
    path = store(tmp_path / "a.wav", noise(1001, 1))
    path.write_bytes(path.read_bytes() + b"LIST\x04\x00\x00\x00INFO")
    assert audio.read(path)[0].shape == (1, 1001)
    empty = tmp_path / "empty.wav"
    audio.AudioWriter(empty, 16000, 1).close()
    empty.write_bytes(empty.read_bytes() + b"LIST\x14\x00\x00\x00INFO" + bytes(16))
    assert audio.read(empty)[0].shape == (1, 0)


def test_block_size_must_be_positive(tmp_path: Path) -> None:
    path = store(tmp_path / "a.wav", noise(10, 1))
    with audio.AudioReader(path) as reader, pytest.raises(OptionError, match="block size of 0"):
        next(reader.blocks(0))


@pytest.mark.parametrize("name", ["a.wav", "b.FLAC", "c.Mp3", "d.m4a", "x/y.opus"])
def test_audio_names(name: str) -> None:
    assert audio.is_audio_name(name) and audio.is_audio_name(Path(name))


@pytest.mark.parametrize("name", ["a.txt", "wav", "b.csv", "c.jpg", "d.aur", "e.wav.bak", ".wav"])
def test_other_names(name: str) -> None:
    assert not audio.is_audio_name(name)


def test_messages_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(AudioError) as caught:
        audio.read(tmp_path / "nothing.wav")
    assert "\n" not in str(caught.value)
